import { defineCache, err, ok, transaction } from '@headwater/core'
import type { Failure, MigrationSet, Stores } from '@headwater/core'

/** The tables of the shop, for `migrate`. */
export const shopMigrations: MigrationSet = {
  name: 'shop',
  directory: new URL('../migrations/', import.meta.url),
}

/** A product on the shelf. */
export interface Product {
  readonly id: number
  readonly title: string
  readonly stock: number
}

/** There are fewer left than were ordered, or there is no such product. */
export type OutOfStock = Failure<'out-of-stock'>

const selectProducts = 'SELECT id, title, stock FROM @schema.products WHERE id = ANY($1)'
const takeStock =
  'UPDATE @schema.products SET stock = stock - $2 WHERE id = $1 AND stock >= $2 RETURNING stock'
const insertOrder = 'INSERT INTO @schema.orders (product_id, quantity) VALUES ($1, $2) RETURNING id'

/** Creates a shop: products through a cache, and orders that never sell what is not there. */
export function createShop(stores: Stores) {
  const products = defineCache<number, Product>(stores, {
    name: 'product',
    ttlMs: 60_000,
    load: async (ids, sql) => {
      const { rows } = await sql.query<Product>(selectProducts, [ids])
      return new Map(rows.map((row) => [row.id, row]))
    },
  })

  /** Places an order and returns its id; the very next read of the product shows the new stock. */
  const order = (productId: number, quantity: number) =>
    transaction(stores, async (tx) => {
      tx.invalidate(products.key(productId))
      const left = await tx.query(takeStock, [productId, quantity])
      if (left.rows.length === 0) return err(outOfStock)
      const { rows } = await tx.query<{ id: number }>(insertOrder, [productId, quantity])
      const orderId = rows[0]?.id ?? 0
      tx.publish({
        aggregateType: 'order',
        aggregateId: orderId,
        type: 'order.placed',
        version: 1,
        payload: { orderId, productId, quantity },
      })
      return ok(orderId)
    })

  return { products, order }
}

const outOfStock: OutOfStock = {
  type: 'out-of-stock',
  message: 'there are not as many left',
  retryable: false,
}
