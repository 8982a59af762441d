export { headwater } from './headwater.ts'
export type { HeadwaterOptions } from './headwater.ts'
export { routes } from './routes.ts'
export { serve } from './server.ts'
