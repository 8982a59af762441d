export { createShop, shopMigrations } from './shop.ts'
export type { OutOfStock, Product } from './shop.ts'
export { webhookSink } from './webhook-sink.ts'
