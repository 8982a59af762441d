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
  test('A URL in the environment is the only rung', () => {
    expect(
      planRungs({ ...mongodb, environmentUrl: 'mongodb://db', hasContainerRuntime: true }),
    ).toEqual(['environment'])
  })

  test('The rungs are container, local server and stand-in, in that order', () => {
    expect(planRungs({ ...mongodb, hasContainerRuntime: true })).toEqual([
      'container',
      'local',
      'stand-in',
    ])
  })

  test('Without a container runtime the container rung is left out', () => {
    expect(planRungs(mongodb)).toEqual(['local', 'stand-in'])
  })

  test('Without a local server the local rung is left out', () => {
    expect(planRungs({ ...mongodb, hasLocalServer: false })).toEqual(['stand-in'])
  })

  test('A hosted service has the stand-in rung alone, with or without a container runtime', () => {
    expect(planRungs({ ...pinecone, hasContainerRuntime: true })).toEqual(['stand-in'])
  })
})

describe('where containers are required', () => {
  test('Required containers without a runtime fail the run for every store', () => {
    for (const facts of [bare, mongodb, pinecone, { ...bare, environmentUrl: 'redis://cache' }]) {
      expect(() => planRungs({ ...facts, requireContainers: true })).toThrow(
        /CI_REQUIRE_CONTAINERS/,
      )
    }
  })

  test('With required containers, a store with an image is tried only in a container', () => {
    expect(planRungs({ ...mongodb, requireContainers: true, hasContainerRuntime: true })).toEqual([
      'container',
    ])
  })

  test('With required containers, a hosted service still has a stand-in', () => {
    expect(planRungs({ ...pinecone, requireContainers: true, hasContainerRuntime: true })).toEqual([
      'stand-in',
    ])
  })
})
