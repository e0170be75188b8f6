// Reads one streamed chat completion with OpenAI's SDK and prints what it understood, as one line of JSON.
import OpenAI from 'openai';

const [baseURL, maxTokens] = process.argv.slice(2);
const client = new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 });
const understood = { text: '', reasoning: '', toolArguments: '', finish: null, chunks: 0, usage: null, error: null };
try {
  const stream = await client.chat.completions.create({
    model: 'simulated',
    stream: true,
    stream_options: { include_usage: true },
    max_completion_tokens: Number(maxTokens),
    messages: [{ role: 'user', content: 'one two three' }],
  });
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (choice?.delta?.content) {
      understood.text += choice.delta.content;
      understood.chunks++;
    }
    understood.reasoning += choice?.delta?.reasoning_content ?? '';
    understood.toolArguments += choice?.delta?.tool_calls?.[0]?.function?.arguments ?? '';
    understood.finish = choice?.finish_reason ?? understood.finish;
    understood.usage = chunk.usage ?? understood.usage;
  }
} catch (error) {
  understood.error = { status: error.status ?? null, code: error.code ?? null, message: error.message };
}
console.log(JSON.stringify(understood));
