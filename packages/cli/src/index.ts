export { defineConfig } from './config/config.ts'
export type { HeadwaterConfig, HeadwaterConfigSource, HeadwaterServices } from './config/config.ts'
