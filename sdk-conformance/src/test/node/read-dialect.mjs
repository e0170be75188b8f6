// Reads one streamed answer with a provider's own SDK and prints what it understood, as one line of JSON.
//
//   node read-dialect.mjs DIALECT ORIGIN MAX_TOKENS
const [dialect, origin, limit] = process.argv.slice(2);
const maxTokens = Number(limit);
const prompt = 'one two three';
const model = 'simulated';
const understood = { text: '', reasoning: '', toolName: '', toolArguments: '', finish: null, usage: null, error: null };

const readers = {
  async 'openai-responses'() {
    const { default: OpenAI } = await import('openai');
    const client = new OpenAI({ apiKey: 'none', baseURL: `${origin}/v1`, maxRetries: 0 });
    const stream = await client.responses.create({ model, input: prompt, stream: true, max_output_tokens: maxTokens });
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') understood.text += event.delta;
      if (event.type.startsWith('response.reasoning') && event.type.endsWith('.delta')) understood.reasoning += event.delta;
      if (event.type === 'response.function_call_arguments.delta') understood.toolArguments += event.delta;
      if (event.type === 'response.output_item.added' && event.item.type === 'function_call') {
        understood.toolName = event.item.name;
      }
      if (['response.completed', 'response.incomplete', 'response.failed'].includes(event.type)) {
        understood.finish = event.response.status;
        const { usage } = event.response;
        understood.usage = usage && {
          input: usage.input_tokens, output: usage.output_tokens, reasoning: usage.output_tokens_details?.reasoning_tokens,
        };
      }
      if (event.type === 'error') understood.error = { message: event.message };
      if (event.type === 'response.failed') understood.error = { message: event.response.error?.message ?? 'failed' };
    }
  },

  async 'azure-openai'() {
    const { AzureOpenAI } = await import('openai');
    const client = new AzureOpenAI({
      apiKey: 'none', endpoint: origin, apiVersion: '2024-10-21', deployment: model, maxRetries: 0,
    });
    const stream = await client.chat.completions.create({
      model, stream: true, stream_options: { include_usage: true }, max_tokens: maxTokens,
      messages: [{ role: 'user', content: prompt }],
    });
    for await (const chunk of stream) chat(chunk.choices?.[0], chunk.usage);
  },

  async anthropic() {
    const { default: Anthropic } = await import('@anthropic-ai/sdk');
    const client = new Anthropic({ apiKey: 'none', baseURL: origin, maxRetries: 0 });
    const stream = client.messages.stream({ model, max_tokens: maxTokens, messages: [{ role: 'user', content: prompt }] });
    for await (const event of stream) {
      if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') {
        understood.toolName = event.content_block.name;
      }
      if (event.type !== 'content_block_delta') continue;
      understood.text += event.delta.text ?? '';
      understood.reasoning += event.delta.thinking ?? '';
      understood.toolArguments += event.delta.partial_json ?? '';
    }
    const message = await stream.finalMessage();
    understood.finish = message.stop_reason;
    understood.usage = { input: message.usage.input_tokens, output: message.usage.output_tokens };
  },

  async gemini() {
    const { GoogleGenAI } = await import('@google/genai');
    const client = new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: origin } });
    const stream = await client.models.generateContentStream({
      model, contents: prompt, config: { maxOutputTokens: maxTokens },
    });
    for await (const chunk of stream) {
      for (const part of chunk.candidates?.[0]?.content?.parts ?? []) {
        if (part.thought) understood.reasoning += part.text ?? '';
        else understood.text += part.text ?? '';
        if (part.functionCall) {
          understood.toolName = part.functionCall.name;
          understood.toolArguments = JSON.stringify(part.functionCall.args);
        }
      }
      understood.finish = chunk.candidates?.[0]?.finishReason ?? understood.finish;
      const usage = chunk.usageMetadata;
      if (usage) {
        understood.usage = {
          input: usage.promptTokenCount, output: usage.candidatesTokenCount, reasoning: usage.thoughtsTokenCount,
        };
      }
    }
  },

  async cohere() {
    const { CohereClientV2 } = await import('cohere-ai');
    const client = new CohereClientV2({ token: 'none', baseUrl: origin, environment: origin });
    const stream = await client.chatStream({ model, maxTokens, messages: [{ role: 'user', content: prompt }] });
    for await (const event of stream) {
      const message = event.delta?.message;
      if (event.type === 'content-delta') {
        understood.text += message?.content?.text ?? '';
        understood.reasoning += message?.content?.thinking ?? '';
      }
      if (event.type === 'tool-call-start') understood.toolName = message?.toolCalls?.function?.name ?? '';
      if (event.type === 'tool-call-delta') understood.toolArguments += message?.toolCalls?.function?.arguments ?? '';
      if (event.type === 'message-end') {
        understood.finish = event.delta.finishReason;
        if (event.delta.finishReason === 'ERROR') understood.error = { message: event.delta.error ?? 'ERROR' };
        // The processed tokens are more: they include the prompt's template.
        const tokens = event.delta.usage?.billedUnits;
        understood.usage = tokens && { input: tokens.inputTokens, output: tokens.outputTokens };
      }
    }
  },

  async mistral() {
    const { Mistral } = await import('@mistralai/mistralai');
    const client = new Mistral({ apiKey: 'none', serverURL: `${origin}/mistral`, retryConfig: { strategy: 'none' } });
    const stream = await client.chat.stream({ model, maxTokens, messages: [{ role: 'user', content: prompt }] });
    for await (const { data } of stream) {
      const choice = data.choices[0];
      const content = choice?.delta?.content;
      if (Array.isArray(content)) {
        for (const part of content) {
          understood.text += part.text ?? '';
          for (const thought of part.thinking ?? []) understood.reasoning += thought.text ?? '';
        }
      } else understood.text += content ?? '';
      for (const call of choice?.delta?.toolCalls ?? []) {
        understood.toolName = call.function.name || understood.toolName;
        understood.toolArguments += call.function.arguments;
      }
      understood.finish = choice?.finishReason ?? understood.finish;
      if (data.usage) understood.usage = { input: data.usage.promptTokens, output: data.usage.completionTokens };
    }
  },

  async 'bedrock-converse'() {
    const { ConverseStreamCommand } = await import('@aws-sdk/client-bedrock-runtime');
    const answer = await (await bedrock()).send(new ConverseStreamCommand({
      modelId: 'anthropic.claude-v2:1', inferenceConfig: { maxTokens },
      messages: [{ role: 'user', content: [{ text: prompt }] }],
    }));
    for await (const event of answer.stream) {
      const delta = event.contentBlockDelta?.delta;
      understood.text += delta?.text ?? '';
      understood.reasoning += delta?.reasoningContent?.text ?? '';
      understood.toolArguments += delta?.toolUse?.input ?? '';
      understood.toolName = event.contentBlockStart?.start?.toolUse?.name ?? understood.toolName;
      understood.finish = event.messageStop?.stopReason ?? understood.finish;
      const usage = event.metadata?.usage;
      if (usage) understood.usage = { input: usage.inputTokens, output: usage.outputTokens };
    }
  },

  async 'bedrock-invoke'() {
    const { InvokeModelWithResponseStreamCommand } = await import('@aws-sdk/client-bedrock-runtime');
    const answer = await (await bedrock()).send(new InvokeModelWithResponseStreamCommand({
      modelId: 'anthropic.claude-v2:1', contentType: 'application/json',
      body: JSON.stringify({
        anthropic_version: 'bedrock-2023-05-31', max_tokens: maxTokens, messages: [{ role: 'user', content: prompt }],
      }),
    }));
    for await (const { chunk } of answer.body) {
      const event = JSON.parse(Buffer.from(chunk.bytes).toString('utf8'));
      understood.text += event.delta?.text ?? '';
      understood.reasoning += event.delta?.thinking ?? '';
      understood.toolArguments += event.delta?.partial_json ?? '';
      understood.toolName = event.content_block?.name ?? understood.toolName;
      understood.finish = event.delta?.stop_reason ?? understood.finish;
      const usage = event.usage ?? event.message?.usage;
      if (usage) {
        understood.usage = {
          input: usage.input_tokens ?? understood.usage?.input, output: usage.output_tokens ?? understood.usage?.output,
        };
      }
    }
  },
};

async function bedrock() {
  const { BedrockRuntimeClient } = await import('@aws-sdk/client-bedrock-runtime');
  // Speaks HTTP/2 with prior knowledge to a cleartext endpoint.
  return new BedrockRuntimeClient({
    region: 'us-east-1', endpoint: origin, maxAttempts: 1, credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
  });
}

function chat(choice, usage) {
  understood.text += choice?.delta?.content ?? '';
  understood.reasoning += choice?.delta?.reasoning_content ?? '';
  const call = choice?.delta?.tool_calls?.[0]?.function;
  understood.toolName = call?.name || understood.toolName;
  understood.toolArguments += call?.arguments ?? '';
  understood.finish = choice?.finish_reason ?? understood.finish;
  if (usage) {
    understood.usage = {
      input: usage.prompt_tokens, output: usage.completion_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens,
    };
  }
}

try {
  await readers[dialect]();
} catch (error) {
  understood.error = { status: error.status ?? error.statusCode ?? null, name: error.name, message: error.message };
}
console.log(JSON.stringify(understood));
process.exit(0);
