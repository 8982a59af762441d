import { expect, test } from 'vitest'
import { refusalOf } from '../../src/http/check-request.ts'

const hosts = new Set(['ops.example.com', 'console:8080'])
const own = { host: 'ops.example.com', origin: 'https://ops.example.com' }

const header = { 'x-headwater-console': '1' }
const action = { ...own, ...header }

interface Asked {
  readonly method?: string
  readonly isApi?: boolean
}

function refusal(
  headers: Readonly<Record<string, string>>,
  { method = 'POST', isApi = true }: Asked = {},
) {
  const request = new Request('https://ops.example.com/api/x', { method, headers })
  return refusalOf(request, { hosts, isApi })
}

test('Takes an action of its own page, what the page asks for, and the page', () => {
  expect(refusal(action)).toBeUndefined()
  expect(refusal({ ...action, 'sec-fetch-site': 'same-origin' })).toBeUndefined()
  expect(refusal({ host: own.host, ...header }, { method: 'GET' })).toBeUndefined()
  const isApi = false
  for (const site of ['none', 'cross-site'])
    expect(
      refusal({ host: own.host, 'sec-fetch-site': site }, { method: 'GET', isApi }),
    ).toBeUndefined()
})

test('Takes an action from a public name, whatever host its proxy has set', () => {
  expect(refusal({ ...action, host: 'OPS.example.com' })).toBeUndefined()
  expect(refusal({ ...action, host: 'console:8080' })).toBeUndefined()
})

const refused: readonly [string, Readonly<Record<string, string>>, string, string][] = [
  ['a host that is not named', { host: 'evil.example' }, 'GET', 'not served as evil.example'],
  ['an action without the header', own, 'POST', 'with the header x-headwater-console: 1'],
  ['a view without the header', { host: own.host }, 'GET', 'with the header'],
  ['a view for another site', { ...action, 'sec-fetch-site': 'cross-site' }, 'GET', 'itself'],
  ['an action without an origin', { host: own.host, ...header }, 'POST', 'origin'],
  ['an action of another origin', { ...action, origin: 'https://evil.example' }, 'POST', 'evil'],
  ['an action of a hidden origin', { ...action, origin: 'null' }, 'POST', 'origin'],
  ['an action of another site', { ...action, 'sec-fetch-site': 'cross-site' }, 'POST', 'itself'],
  ['an action of a sibling', { ...action, 'sec-fetch-site': 'same-site' }, 'POST', 'itself'],
  ['another method', action, 'DELETE', 'GET and POST'],
]

test.each(refused)('Refuses %s', (_, headers, method, reason) => {
  expect(refusal(headers, { method })).toContain(reason)
})

test('Each of several hosts is one from which actions come, and no other', () => {
  const several = new Set(['ops.example.com', 'ops.example.org:8443', 'console:8080'])
  const acts = (origin: string) => {
    const headers = { ...header, host: 'console:8080', origin, 'sec-fetch-site': 'same-origin' }
    const request = new Request('http://console:8080/api/x', { method: 'POST', headers })
    return refusalOf(request, { hosts: several, isApi: true })
  }
  for (const origin of ['https://ops.example.com', 'https://ops.example.org:8443'])
    expect(acts(origin)).toBeUndefined()
  for (const [origin, host] of [
    ['https://ops.example.org', 'ops.example.org'],
    ['https://ops.example.com:8443', 'ops.example.com:8443'],
    ['https://console:8081', 'console:8081'],
    ['https://ops.example.com.evil.example', 'ops.example.com.evil.example'],
    ['https://evil-ops.example.com', 'evil-ops.example.com'],
  ])
    expect(acts(origin ?? '')).toContain(`name ${host} in "hosts"`)
})
