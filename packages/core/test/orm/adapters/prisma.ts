import type { SqlClient } from '@headwater/core'

interface PrismaTransaction {
  $queryRawUnsafe<T>(text: string, ...values: unknown[]): PromiseLike<T>
}

export function sqlOfPrisma(tx: PrismaTransaction): SqlClient {
  return {
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) => {
      const rows = await tx.$queryRawUnsafe<Row[]>(text, ...values)
      return { rows, rowCount: rows.length }
    },
  }
}
