/** The images of the stores that have one; `compose.yaml` names the same. */
export const containerImages = {
  postgres: 'postgres:18',
  redis: 'redis:8',
  mongodb: 'mongo:8',
} as const

/** What to run, and how to tell that it serves. */
export interface ContainerOptions {
  image: string
  port: number
  environment?: Record<string, string>
  /** The server's command line; the image's own where it is absent. */
  command?: readonly string[]
  /** Matches the line of output that says that the server serves. */
  ready: RegExp
  /** How often that line has to appear, for images that start their server twice. */
  readyTimes?: number
}

/** A container's published address and how to end it. */
export interface RunningContainer {
  host: string
  port: number
  stop: () => Promise<void>
}

const startupTimeoutMs = 180_000

/**
 * Whether a container runtime answers; whether a `docker` command exists says nothing about that.
 */
export async function hasContainerRuntime(): Promise<boolean> {
  try {
    const { getContainerRuntimeClient } = await import('testcontainers')
    await getContainerRuntimeClient()
    return true
  } catch {
    return false
  }
}

/**
 * Starts a container; Testcontainers' reaper removes it when this process ends, however it ends.
 */
export async function startContainer({
  image,
  port,
  environment = {},
  command,
  ready,
  readyTimes = 1,
}: ContainerOptions): Promise<RunningContainer> {
  const { GenericContainer, Wait } = await import('testcontainers')
  const prepared = new GenericContainer(image)
    .withEnvironment(environment)
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forLogMessage(ready, readyTimes))
    .withStartupTimeout(startupTimeoutMs)
  const container = await (command ? prepared.withCommand([...command]) : prepared).start()
  return {
    host: container.getHost(),
    port: container.getMappedPort(port),
    stop: async () => void (await container.stop()),
  }
}
