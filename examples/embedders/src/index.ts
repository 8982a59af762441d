export { azureEmbedder, lmStudioEmbedder, vllmEmbedder } from './openai-servers.ts'
export type { AzureOptions, ServedModel } from './openai-servers.ts'
export { ollamaEmbedder } from './ollama-embedder.ts'
export type { OllamaOptions } from './ollama-embedder.ts'
