export { HeadwaterModule, InjectServices } from './headwater.module.ts'
export type { HeadwaterOptions } from './headwater.module.ts'
export { createApp, serve } from './server.ts'
