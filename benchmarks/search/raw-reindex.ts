import { orThrow } from '@headwater/core'
import { Pinecone, type Index } from '@pinecone-database/pinecone'
import OpenAI from 'openai'
import type { ReindexFixture } from './reindex-fixture.ts'

const textsPerRequest = 2_048
const recordsPerRequest = 60
const requestsAtOnce = 4

interface Row {
  readonly id: number
  readonly title: string
  readonly category: string
  readonly description: string
}

/**
 * The obvious version: read all, embed in batches, upsert in batches. It skips no unchanged course,
 * records no progress and retries nothing.
 */
export async function reindexByHand(
  { stores, services, dimensions }: ReindexFixture,
  namespace: string,
): Promise<void> {
  const { pinecone, openai } = services
  const client = new OpenAI({ apiKey: openai.apiKey, baseURL: openai.url })
  const index = new Pinecone({ apiKey: pinecone.apiKey, controllerHostUrl: pinecone.url }).index({
    name: 'course-search',
    namespace,
  })
  const { rows } = orThrow(
    await stores.postgres.query<Row>(
      'SELECT id, title, category, description FROM courses WHERE is_published ORDER BY id',
    ),
  )
  for (const batch of chunksOf(rows, textsPerRequest)) {
    const input = batch.map(({ title, category, description }) =>
      [title, category, description].join('\n'),
    )
    const { data } = await client.embeddings.create({
      model: 'text-embedding-3-small',
      input,
      dimensions,
    })
    const records = batch.map(({ id, title, category }, place) => ({
      id: `course_${id}`,
      values: data[place]?.embedding ?? [],
      metadata: { course_id: id, title, category },
    }))
    await upsertAll(index, records)
  }
}

async function upsertAll(
  index: Index,
  records: Parameters<Index['upsert']>[0]['records'],
): Promise<void> {
  const queue = chunksOf(records, recordsPerRequest)
  const lane = async (): Promise<void> => {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift())
      await index.upsert({ records: batch })
  }
  await Promise.all(Array.from({ length: requestsAtOnce }, lane))
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, chunk) =>
    items.slice(chunk * size, (chunk + 1) * size),
  )
}
