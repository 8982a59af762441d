import type { Document } from '../values/document.ts'
import { maxMessageBytes } from '../wire/message.ts'
import type { Command, CommandContext } from './command.ts'

const anyField = ['*']
const version = '7.0.0'

/**
 * Commands about the server and its sessions. It presents itself as a standalone: no retryable
 * writes, no transactions, no change streams.
 */
export const serverCommands: Record<string, Command> = {
  hello: { fields: anyField, run: (_command, context) => hello(context) },
  isMaster: { fields: anyField, run: (_command, context) => hello(context) },
  ismaster: { fields: anyField, run: (_command, context) => hello(context) },
  ping: { fields: [], run: () => ({ ok: 1 }) },
  buildInfo: { fields: [], run: buildInfo },
  buildinfo: { fields: [], run: buildInfo },
  serverStatus: {
    fields: anyField,
    run: (_command, { clock, cursors }) => ({
      host: '127.0.0.1',
      version,
      process: 'mongodb-stand-in',
      localTime: new Date(clock.now()),
      metrics: { cursor: { open: { total: cursors.size } } },
      ok: 1,
    }),
  },
  connectionStatus: {
    fields: ['showPrivileges'],
    run: () => ({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] }, ok: 1 }),
  },
  endSessions: { fields: [], run: () => ({ ok: 1 }) },
  refreshSessions: { fields: [], run: () => ({ ok: 1 }) },
}

function hello({ clock, connectionId }: CommandContext): Document {
  return {
    helloOk: true,
    ismaster: true,
    isWritablePrimary: true,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: maxMessageBytes,
    maxWriteBatchSize: 100_000,
    localTime: new Date(clock.now()),
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: 21,
    readOnly: false,
    ok: 1,
  }
}

function buildInfo(): Document {
  const versionArray = [...version.split('.').map(Number), 0]
  return {
    version,
    versionArray,
    gitVersion: '',
    modules: [],
    bits: 64,
    debug: false,
    maxBsonObjectSize: 16_777_216,
    ok: 1,
  }
}
