import { describe, expect, test } from 'vitest'
import { planRungs, type RungFacts } from '../../src/stack/rung.ts'

const bare: RungFacts = {
  environmentUrl: undefined,
  hasImage: true,
  hasContainerRuntime: false,
  requireContainers: false,
  hasLocalServer: true,
  hasStandIn: false,
}
const mongodb: RungFacts = { ...bare, hasStandIn: true }
const pinecone: RungFacts = { ...bare, hasImage: false, hasLocalServer: false, hasStandIn: true }

describe('the rungs that are tried', () => {
  test('end at the environment when it names a URL', () => {
    expect(
      planRungs({ ...mongodb, environmentUrl: 'mongodb://db', hasContainerRuntime: true }),
    ).toEqual(['environment'])
  })

  test('are container, local server and stand-in, in that order', () => {
    expect(planRungs({ ...mongodb, hasContainerRuntime: true })).toEqual([
      'container',
      'local',
      'stand-in',
    ])
  })

  test('leave the container out where no runtime answers', () => {
    expect(planRungs(mongodb)).toEqual(['local', 'stand-in'])
  })

  test('leave the local server out where there is none', () => {
    expect(planRungs({ ...mongodb, hasLocalServer: false })).toEqual(['stand-in'])
  })

  test('are the stand-in alone for a hosted service, container runtime or not', () => {
    expect(planRungs({ ...pinecone, hasContainerRuntime: true })).toEqual(['stand-in'])
  })
})

describe('where containers are required', () => {
  test('a missing runtime fails the run for every store', () => {
    for (const facts of [bare, mongodb, pinecone, { ...bare, environmentUrl: 'redis://cache' }]) {
      expect(() => planRungs({ ...facts, requireContainers: true })).toThrow(
        /CI_REQUIRE_CONTAINERS/,
      )
    }
  })

  test('a store with an image is tried in a container only', () => {
    expect(planRungs({ ...mongodb, requireContainers: true, hasContainerRuntime: true })).toEqual([
      'container',
    ])
  })

  test('a hosted service is still stood in for', () => {
    expect(planRungs({ ...pinecone, requireContainers: true, hasContainerRuntime: true })).toEqual([
      'stand-in',
    ])
  })
})
