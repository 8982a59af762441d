import type { Command as CommanderCommand } from 'commander'
import type { Command, Invocation, OpenedStores, Outcome } from './commands/command.ts'
import type { HeadwaterConfig } from './config/config.ts'
import { once } from './once.ts'
import { paintFor } from './terminal/paint.ts'
import type { Secrets } from './terminal/secrets.ts'
import type { Terminal } from './terminal/terminal.ts'

/** What every command shares. */
export interface Surroundings {
  readonly terminal: Terminal
  /** What must not be printed. */
  readonly secrets: Secrets
  /** Prints one line of JSON, without secrets. */
  readonly printJson: (value: object) => void
  /** Called when the exit code is to be 1. */
  readonly onFinding: () => void
}

/** What commander calls for a command. */
export type Action = (...args: unknown[]) => Promise<void>

/**
 * The action of a command that is loaded when it is called, so that help loads none. The stores
 * that it opens are closed when it ends.
 */
export function lazily(surroundings: Surroundings, load: () => Promise<Command>): Action {
  return async (...args) => {
    const typed = args.at(-1) as CommanderCommand
    const { invocation, close } = begin(surroundings, typed, args.slice(0, -2))
    try {
      const outcome = await (await load())(invocation)
      if (outcome !== undefined) invocation.print(outcome)
    } finally {
      await close()
    }
  }
}

interface Begun {
  readonly invocation: Invocation
  /** Closes the stores, where they were opened. */
  readonly close: () => Promise<void>
}

function begin(
  surroundings: Surroundings,
  typed: CommanderCommand,
  args: readonly unknown[],
): Begun {
  const { terminal, secrets } = surroundings
  const options = typed.optsWithGlobals<Record<string, unknown>>()
  const isJson = options['json'] === true
  const config = once(async () => {
    const loaded = await loadConfig(terminal, options['config'] as string | undefined)
    secrets.learn({ connect: loaded.connect, migrate: loaded.migrate })
    return loaded
  })
  const opened: OpenedStores[] = []
  const open = once(async () => {
    const { openStores } = await import('./config/open-stores.ts')
    const stores = await openStores(await config(), { env: terminal.env, secrets })
    opened.push(stores)
    return stores
  })
  const print = (outcome: Outcome): void => {
    if (outcome.isFinding === true) surroundings.onFinding()
    const head = { version: 1, command: nameOf(typed) }
    // Nothing that was found takes the place of the version of the format.
    if (isJson) surroundings.printJson({ ...head, ...outcome.data, ...head })
    else terminal.out(`${outcome.text(paintFor(terminal, terminal.isOutTty))}\n`)
  }
  return {
    invocation: {
      args: args as Invocation['args'],
      ...{ options, terminal, secrets, isJson, config, open, print },
    },
    close: async () => {
      for (const { stores } of opened) await stores[Symbol.asyncDispose]()
    },
  }
}

async function loadConfig(
  { directory }: Terminal,
  file: string | undefined,
): Promise<HeadwaterConfig> {
  const { loadConfig: load } = await import('./config/load-config.ts')
  return load({ directory, file })
}

function nameOf(command: CommanderCommand): string {
  const { parent } = command
  return parent?.parent == null ? command.name() : `${nameOf(parent)} ${command.name()}`
}
