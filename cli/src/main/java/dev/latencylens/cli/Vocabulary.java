package dev.latencylens.cli;

/// Short everyday English words that generated prompts are made of.
final class Vocabulary {
    /// A byte picks a word.
    static final int SIZE = 256;

    private static final String[] WORDS = """
            able acid also army baby ball bank base bear been bell best bird blue boat bond
            book born both bulk burn busy calm camp care cash cell chat city coal code come
            cool cope core crew dark date days dear debt deny dial disc does door dose draw
            drop dust each ease easy edge even exit fact fair farm fate fear feel fell file
            film fine fire fish flat food form four from fuel fund game gave gene girl give
            goal gold gone gray grey gulf hair hall hang have hear held help hero hill hold
            holy hope hour huge idea into item jump just keep kept kind knee know lady lake
            land last lead less lift line list live loan logo look lose lost love made main
            male mark meal meat meet mere milk mind miss mood moon most much name near need
            next nice none note once onto oral over pack paid pair park pass path peak pink
            plan plot plus pool port post pure race rain rare read real rely rest rich ring
            risk rock role roof root rule safe sake sale same save seed seem self send sent
            shop show sick sign size skin slow soft sold some soon soul spot stay stop suit
            take talk tank tape team tell term text that them they this till tiny toll tool
            tour tree true turn type upon used vary very view wage wake wall want warm wave
            weak week went were what whom wife will wine wire wise with word work year zero
            """.strip().split("\\s+", -1);

    private Vocabulary() {}

    static String word(int index) {
        return WORDS[index];
    }
}
