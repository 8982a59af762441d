import {
  connect,
  connectOptionsFromEnv,
  type MigrationSet,
  migrate,
  orThrow,
  planMigrations,
} from '@headwater/core'

const shopMigrations: MigrationSet = {
  name: 'shop',
  files: {
    '0001_products.sql': `
      CREATE TABLE @schema.products (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        title text NOT NULL,
        stock integer NOT NULL CHECK (stock >= 0)
      );`,
    '0002_product_titles.sql': 'CREATE INDEX products_title ON @schema.products (title);',
  },
}

const stores = orThrow(await connect(connectOptionsFromEnv(process.env)))

const first = orThrow(await migrate(stores, { sets: [shopMigrations] }))
console.log(first.applied.filter((file) => file.startsWith('shop/')).length) // 2
const second = orThrow(await migrate(stores, { sets: [shopMigrations] }))
console.log(second.applied) // []

const edited = {
  ...shopMigrations,
  files: { ...shopMigrations.files, '0001_products.sql': 'SELECT 1;' },
}
const refused = await migrate(stores, { sets: [edited] })
console.log(refused.isErr() && refused.error.type) // migration-failed

const indexed = {
  ...shopMigrations,
  files: {
    ...shopMigrations.files,
    '0003_stock.online.sql': `
      -- In batches of 1000 by @schema.products (id)
      UPDATE @schema.products SET title = trim(title)
      WHERE id BETWEEN $1 AND $2 AND title <> trim(title);

      CREATE INDEX CONCURRENTLY products_stock ON @schema.products (stock);
    `,
  },
}
const [planned] = orThrow(await planMigrations(stores, { sets: [indexed] }))
console.log(planned?.online.map(({ step }) => step)) // [ 'batches', 'build-index' ]
const third = orThrow(await migrate(stores, { sets: [indexed] }))
console.log(third.applied) // [ 'shop/0003_stock.online.sql' ]

orThrow(
  await stores.postgres.query('INSERT INTO @schema.products (title, stock) VALUES ($1, $2)', [
    'Lamp',
    3,
  ]),
)
const { rows } = orThrow(
  await stores.postgres.query<{ stock: number }>('SELECT stock FROM @schema.products'),
)
console.log(rows[0]?.stock) // 3

orThrow(await stores.close())
