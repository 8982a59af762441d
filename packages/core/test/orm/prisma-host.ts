import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import { sqlOfPrisma } from './adapters/prisma.ts'
import type { Host } from './host.ts'

/** What of the generated client is used. */
interface PrismaClient {
  $transaction<T>(work: (tx: PrismaTransaction) => Promise<T>): Promise<T>
  $disconnect(): Promise<void>
}

interface PrismaTransaction {
  $queryRawUnsafe<T>(text: string, ...values: unknown[]): Promise<T>
  readonly course: {
    update(change: {
      readonly where: { readonly id: number }
      readonly data: { readonly title: string }
    }): Promise<unknown>
  }
}

const schema = `
generator client {
  provider = "prisma-client"
  output   = "./client"
}
datasource db {
  provider = "postgresql"
}
model Course {
  id    Int    @id
  title String
  @@map("courses")
}
`

export async function prismaHost(url: string): Promise<Host> {
  const {
    directory,
    client: { PrismaClient },
  } = await generateClient()
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) })
  return {
    transaction: (work) =>
      prisma.$transaction((tx) =>
        work({
          sql: sqlOfPrisma(tx),
          rename: (id, title) => tx.course.update({ where: { id }, data: { title } }),
        }),
      ),
    close: async () => {
      await prisma.$disconnect()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

interface Generated {
  readonly directory: string
  readonly client: {
    readonly PrismaClient: new (options: { readonly adapter: PrismaPg }) => PrismaClient
  }
}

/**
 * The client is generated for each run, in about a second, within the repository so that it finds
 * its runtime.
 */
async function generateClient(): Promise<Generated> {
  const results = fileURLToPath(new URL('../../../../.results', import.meta.url))
  await mkdir(results, { recursive: true })
  const directory = await mkdtemp(join(results, 'prisma-'))
  await writeFile(join(directory, 'schema.prisma'), schema)
  const cli = join(
    dirname(createRequire(import.meta.url).resolve('prisma/package.json')),
    'build/index.js',
  )
  // The engine that migrations need is not needed for this, yet would be downloaded.
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  }
  await promisify(execFile)(process.execPath, [cli, 'generate', '--schema', 'schema.prisma'], {
    cwd: directory,
    env,
    timeout: 60_000,
  })
  return {
    directory,
    client: (await import(
      /* @vite-ignore */ join(directory, 'client/client.ts')
    )) as Generated['client'],
  }
}
