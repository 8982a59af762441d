/** The stores a test stack can start. */
export type StoreName = 'postgres' | 'redis' | 'mongodb' | 'pinecone' | 'openai'

/** Every store, in the order of a stack's description. */
export const storeNames: readonly StoreName[] = [
  'postgres',
  'redis',
  'mongodb',
  'pinecone',
  'openai',
]

/**
 * The way in which a store is obtained: a URL in the environment, a container, a server process on
 * this machine, or a stand-in that speaks the store's wire protocol.
 */
export type Rung = 'environment' | 'container' | 'local' | 'stand-in'

/** The facts that decide which rungs are tried for one store. */
export interface RungFacts {
  /** The URL of this store in the environment, if any. */
  environmentUrl?: string | undefined
  /** Whether the store has a container image at all; Pinecone and OpenAI have none. */
  hasImage: boolean
  /** Whether a container runtime answered. */
  hasContainerRuntime: boolean
  /** Whether a missing container runtime fails the run. */
  requireContainers: boolean
  /** Whether a local server may be tried. */
  hasLocalServer: boolean
  /** Whether a stand-in exists for the store. */
  hasStandIn: boolean
}

/**
 * The rungs to try for a store, in order of preference. A URL in the environment is the only
 * choice, because a run pointed at one server must not silently use another. Required containers
 * are the only choice for stores that have an image.
 *
 * @throws Error when containers are required and no container runtime answers.
 */
export function planRungs(facts: RungFacts): Rung[] {
  if (facts.requireContainers && !facts.hasContainerRuntime) {
    throw new Error(
      'Containers are required (CI_REQUIRE_CONTAINERS=1), but no container runtime answers',
    )
  }
  if (facts.environmentUrl) return ['environment']
  const rungs: Rung[] = []
  if (facts.hasImage && facts.hasContainerRuntime) rungs.push('container')
  if (facts.hasImage && facts.requireContainers) return rungs
  if (facts.hasLocalServer) rungs.push('local')
  if (facts.hasStandIn) rungs.push('stand-in')
  return rungs
}
