import { expect, test } from 'vitest'
import { planRedisBinary, type RedisBinaryFacts } from '../../src/servers/redis-binary.ts'

const facts: RedisBinaryFacts = { hasBinary: false, isRoot: true, hasApt: true, platform: 'linux' }

test('An installed redis-server is used by every user', () => {
  expect(planRedisBinary({ ...facts, hasBinary: true })).toEqual({ do: 'use' })
  expect(planRedisBinary({ ...facts, hasBinary: true, isRoot: false, hasApt: false })).toEqual({
    do: 'use',
  })
})

test('Root on a system with apt installs a missing redis-server', () => {
  expect(planRedisBinary(facts)).toEqual({ do: 'install' })
})

test('Any other user on a system with apt receives the command that installs redis-server', () => {
  expect(planRedisBinary({ ...facts, isRoot: false })).toEqual({
    do: 'refuse',
    command:
      "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends redis-server'",
  })
})

test('Root without apt installs nothing', () => {
  expect(planRedisBinary({ ...facts, hasApt: false })).toMatchObject({ do: 'refuse' })
})

test('A user of macOS receives the command of Homebrew', () => {
  expect(planRedisBinary({ ...facts, isRoot: false, hasApt: false, platform: 'darwin' })).toEqual({
    do: 'refuse',
    command: 'brew install redis',
  })
})
