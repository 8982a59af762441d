import { beforeAll, expect, test } from 'vitest'
import type { Platform } from '../platform.ts'
import { Visitor } from '../visitor.ts'

/** What the API tells of itself, and to whom. */
export function monitoring(platform: () => Platform): void {
  let api: Platform
  beforeAll(() => {
    api = platform()
  })

  test('The root says what this is', async () => {
    const { status, body } = await api.visitor().get<{ name: string; operations: object[] }>('/')
    expect([status, body.name]).toEqual([200, 'Headwater e-learning API'])
    expect(body.operations).toContainEqual({
      method: 'POST',
      path: '/courses/:id/enrollments',
      access: 'member',
    })
  })

  test.each(['/metrics', '/health/ready'])('%s is for the monitoring only', async (path) => {
    const forger = new Visitor(api.url, { Authorization: 'Bearer a wild guess' })
    const { visitor: admin } = await api.member('admin')
    for (const visitor of [api.visitor(), admin, forger])
      expect((await visitor.get(path)).status).toBe(401)
    expect((await api.monitor().get(path)).status).toBe(200)
  })

  test('Readiness asks the stores once a second, however often it is asked', async () => {
    const monitor = api.monitor()
    await monitor.get('/health/ready')
    let asked = 0
    const stop = api.services.stores.diagnostics.on('store:operation', ({ operation }) => {
      if (operation === 'health') asked += 1
    })
    const startedMs = performance.now()
    await Promise.all(Array.from({ length: 50 }, () => monitor.get('/health/ready')))
    stop()
    const stores = Object.keys((await api.services.stores.health()).stores).length
    const seconds = Math.ceil((performance.now() - startedMs) / 1_000)
    expect(asked).toBeLessThanOrEqual(stores * seconds)
  })

  test('The route /metrics reports on caches, stores, searches and the relay, rounded', async () => {
    const course = await api.course()
    for (let times = 0; times < 2; times += 1) await api.visitor().get(`/courses/${course.id}`)
    await api.visitor().get('/search?q=algebra')
    const { body } = await api
      .monitor()
      .get<Record<string, Record<string, unknown>> & { relay: { lag: { sink: string }[] } }>(
        '/metrics',
      )
    const anyNumber = expect.any(Number) as number
    expect(body).toMatchObject({
      cache: { hitRate: anyNumber },
      stores: { postgres: { meanMs: anyNumber }, redis: { meanMs: anyNumber } },
      search: { meanMs: anyNumber },
      activity: { perSecond: anyNumber },
      failures: { relay: anyNumber },
    })
    expect(body.relay.lag.map(({ sink }) => sink)).toContain('activity-log')
    expect(JSON.stringify(body)).not.toMatch(/\d\.\d{3}/)
  })
}
