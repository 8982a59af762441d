import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { prometheus, type PrometheusMetrics } from '../../src/index.ts'
import { hasPromtool, promtool } from '../promtool.ts'
import { namesIn, namesScraped } from '../queries.ts'
import { useShop } from '../telemetry-fixture.ts'

const folder = path.join(import.meta.dirname, '../..')
let metrics: PrometheusMetrics
const shop = useShop(({ stores }) => {
  metrics = prometheus(stores, {
    deadlineMs: 30_000,
    activity: { backlog: (options) => shop().activity.backlog(options) },
  })
})
let scraped: string

beforeAll(async () => {
  await shop().work()
  scraped = await metrics.text()
})

test('A scrape tells of everything that a process did', async () => {
  const { url } = { url: 'http://shop.example/metrics' }
  const response = await metrics.handle(new Request(url))
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  const lines = [
    ['headwater_cache_requests_total', 'headwater_cache_name="course"', '[1-9]'],
    ['db_client_operation_duration_seconds_bucket', 'db_collection_name="users",le="10"', '[1-9]'],
    ['headwater_outbox_lag_seconds', 'headwater_sink_name="activity-log"', '.*'],
    ['headwater_outbox_dead', 'headwater_sink_name="activity-log"', '0'],
    ['headwater_outbox_dead', 'headwater_sink_name="broken"', '1'],
    ['headwater_postgres_replication_slot_retained_bytes', 'slot_active="false"', '.*'],
    ['headwater_transaction_duration_seconds_count', '_outcome="committed"', '[1-9]'],
    ['headwater_search_duration_seconds_count', '_mode="hybrid",.*_cached="false"', '[1-9]'],
    ['headwater_search_index_drift', 'headwater_search_difference="missing"', '0'],
    ['headwater_embedding_tokens_total', 'gen_ai_request_model="text-embedding-3-small"', '[1-9]'],
    ['headwater_session_events_total', 'headwater_session_event="started"', '1'],
    ['headwater_session_events_total', 'headwater_session_event="revoked"', '1'],
    ['headwater_rate_limit_requests_total', '_name="login",.*_result="allowed"', '1'],
    ['headwater_build_info', 'version="[0-9.]+"', '1'],
  ].map(([name, labels, value]) => new RegExp(`^${name}\\{.*${labels}.*\\} ${value}`, 'm'))
  lines.push(/^headwater_activity_spilled 0$/m, /^headwater_cache_trusted 1$/m)
  lines.push(/^headwater_activity_spill_limit 1000000$/m, /^headwater_outbox_unread_age_seconds /m)
  expect(lines.filter((line) => !line.test(text))).toEqual([])
})

test('No label holds an id, a key or a text of a person', () => {
  // Named after a hash of the model: there are as many as models.
  const others = scraped.replaceAll(/headwater_search_generation="[^"]*"/g, '')
  const labels = others.match(/(?<==")[^"]*(?=")/g) ?? []
  expect(labels.length).toBeGreaterThan(100)
  expect(labels.filter((label) => /@|:\d|[0-9a-f]{16}|linear/i.test(label))).toEqual([])
})

test.skipIf(!hasPromtool)('Prometheus has nothing against the text of a scrape', () => {
  expect(promtool(['check', 'metrics'], scraped)).toBe('')
})

const expressions = [
  ...readFileSync(path.join(folder, 'alerts/headwater.rules.yml'), 'utf8').matchAll(
    /expr: \|-\n((?: {10}.*\n)+)/g,
  ),
].map(([, expression = '']) => expression)
const boards = globSync('dashboards/*.json', { cwd: folder }).map((file) =>
  readFileSync(path.join(folder, file), 'utf8'),
)

test('Every metric and label that the alerts and the board name is in a scrape', () => {
  const queries = boards.flatMap((board) =>
    [...board.matchAll(/"(?:expr|definition|query)": ("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = '""']) => JSON.parse(text) as string,
    ),
  )
  expect([expressions.length > 15, queries.length > 20]).toEqual([true, true])
  const { metrics: known, labels } = namesScraped(scraped)
  const given = new Set(['job', 'instance', 'le'])
  const unknown = [...expressions, ...queries].flatMap((query) => {
    const names = namesIn(query)
    return [
      ...names.metrics.filter((name) => !known.has(name)),
      ...names.labels.filter((name) => !labels.has(name) && !given.has(name)),
    ]
  })
  expect([...new Set(unknown)]).toEqual([])
})

test('A scrape of a process whose PostgreSQL hangs ends, says what is missing, and has the rest', async () => {
  const { stores, postgres } = shop()
  const impatient = prometheus(stores, { deadlineMs: 300 })
  postgres.hang()
  const text = await impatient.text().finally(() => {
    postgres.restore()
    impatient.stop()
  })
  const lines = text
    .split('\n')
    .filter((line) =>
      /^headwater_(telemetry_failed_readings_total\{.*"postgres"|build_info|outbox_lag_seconds)/.test(
        line,
      ),
    )
  expect(lines).toEqual([
    expect.stringMatching(/^headwater_build_info\{version=".+"\} 1$/),
    'headwater_telemetry_failed_readings_total{headwater_telemetry_part="postgres"} 1',
  ])
})

test('Only reading is answered', async () => {
  const url = 'http://shop.example/metrics'
  expect((await metrics.handle(new Request(url, { method: 'POST' }))).status).toBe(405)
  const head = await metrics.handle(new Request(url, { method: 'HEAD' }))
  expect([head.status, await head.text()]).toEqual([200, ''])
})

test('Metrics that are stopped leave no listener behind', async () => {
  metrics.stop()
  expect(shop().stores.diagnostics.isHeard('cache:hit')).toBe(false)
})
