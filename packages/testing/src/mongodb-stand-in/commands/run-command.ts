import { ServerError, toServerError } from '../server-error.ts'
import { type Document, isDocument } from '../values/document.ts'
import { catalogCommands } from './catalog-commands.ts'
import type { Command, CommandContext } from './command.ts'
import { explainCommand } from './explain-command.ts'
import { readCommands } from './read-commands.ts'
import { serverCommands } from './server-commands.ts'
import { writeCommands } from './write-commands.ts'

const commands: Record<string, Command> = {
  ...serverCommands,
  ...readCommands,
  ...writeCommands,
  ...catalogCommands,
  explain: explainCommand,
}

const everywhere = new Set([
  '$db',
  'lsid',
  '$clusterTime',
  '$readPreference',
  'readConcern',
  'writeConcern',
  'comment',
  'maxTimeMS',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
  '$audit',
  '$client',
  '$configServerState',
])

const ofTransactions = ['txnNumber', 'autocommit', 'startTransaction']

/** Runs a command and answers as mongod would, errors included. Never throws. */
export function runCommand(command: Document, context: Omit<CommandContext, 'database'>): Document {
  try {
    const database = command['$db']
    if (typeof database !== 'string' || database === '') {
      throw new ServerError(40414, `BSON field '$db' is missing but a required field`)
    }
    return commandFor(command).run(command, { ...context, database })
  } catch (error) {
    return errorReply(toServerError(error))
  }
}

function commandFor(command: Document): Command {
  const [name = ''] = Object.keys(command)
  if (ofTransactions.some((field) => field in command)) {
    throw new ServerError(
      20,
      'Transaction numbers are only allowed on a replica set member or mongos',
    )
  }
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (known === undefined) throw new ServerError(59, `no such command: '${name}'`)
  checkFields(command, name, known.fields)
  return known
}

function checkFields(command: Document, name: string, fields: readonly string[]): void {
  if (fields.includes('*')) return
  const unknown = Object.keys(command).find(
    (field) => field !== name && !everywhere.has(field) && !fields.includes(field),
  )
  if (unknown !== undefined)
    throw new ServerError(40415, `BSON field '${name}.${unknown}' is an unknown field.`)
  if (isDocument(command['writeConcern']) && Number(command['writeConcern']['w']) > 1) {
    throw new ServerError(2, `cannot use 'w' > 1 when a host is not replicated`)
  }
}

function errorReply(error: ServerError): Document {
  return {
    ok: 0,
    errmsg: error.message,
    code: error.code,
    codeName: error.codeName,
    ...error.details,
  }
}
