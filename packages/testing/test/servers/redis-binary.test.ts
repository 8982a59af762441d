import { expect, test } from 'vitest'
import { planRedisBinary, type RedisBinaryFacts } from '../../src/servers/redis-binary.ts'

const facts: RedisBinaryFacts = { hasBinary: false, isRoot: true, hasApt: true, platform: 'linux' }

test('a server that is installed is used, whoever we are', () => {
  expect(planRedisBinary({ ...facts, hasBinary: true })).toEqual({ do: 'use' })
  expect(planRedisBinary({ ...facts, hasBinary: true, isRoot: false, hasApt: false })).toEqual({
    do: 'use',
  })
})

test('root on a system with apt installs a missing server', () => {
  expect(planRedisBinary(facts)).toEqual({ do: 'install' })
})

test('anybody else on a system with apt is told the one command', () => {
  expect(planRedisBinary({ ...facts, isRoot: false })).toEqual({
    do: 'refuse',
    command:
      "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends redis-server'",
  })
})

test('root without apt installs nothing', () => {
  expect(planRedisBinary({ ...facts, hasApt: false })).toMatchObject({ do: 'refuse' })
})

test('macOS is told to use Homebrew', () => {
  expect(planRedisBinary({ ...facts, isRoot: false, hasApt: false, platform: 'darwin' })).toEqual({
    do: 'refuse',
    command: 'brew install redis',
  })
})
