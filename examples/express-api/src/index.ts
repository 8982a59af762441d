export { createApp } from './app.ts'
export { serve } from './server.ts'
