/** The container images of the stores, the same as in `compose.yaml`. */
export const containerImages = {
  postgres: 'postgres:18',
  redis: 'redis:8',
  mongodb: 'mongo:8',
} as const

/** A container to run. */
export interface ContainerOptions {
  image: string
  port: number
  environment?: Record<string, string>
  /** The server's command line, by default that of the image. */
  command?: readonly string[]
  /** Matches the line of output by which the server says that it is ready. */
  ready: RegExp
  /** The number of such lines to wait for, for images that start their server twice. */
  readyTimes?: number
}

/** A running container with its published address. */
export interface RunningContainer {
  host: string
  port: number
  stop: () => Promise<void>
}

const startupTimeoutMs = 180_000

/** Whether a container runtime answers. The existence of a `docker` command does not prove it. */
export async function hasContainerRuntime(): Promise<boolean> {
  try {
    const { getContainerRuntimeClient } = await import('testcontainers')
    await getContainerRuntimeClient()
    return true
  } catch {
    return false
  }
}

/** Starts a container. Testcontainers' reaper removes it whenever and however this process ends. */
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
