import type { Row } from './pgoutput-fixture.ts'

/** A message of Kafka. */
export interface Routed {
  readonly topic: string
  readonly key: string | null
  readonly headers: Readonly<Record<string, string | null>>
  readonly value: string | null
}

const prefix = 'transforms.outbox.'

/** The options of Debezium's Outbox Event Router that have a default and matter here. */
const routerDefaults: Readonly<Record<string, string>> = {
  'route.by.field': 'aggregatetype',
  'route.topic.replacement': 'outbox.event.${routedByValue}',
  'table.field.event.id': 'id',
  'table.field.event.key': 'aggregateid',
  'table.field.event.payload': 'payload',
}

/**
 * What Debezium's Outbox Event Router makes of an inserted row, as its documentation has it.
 *
 * @see https://debezium.io/documentation/reference/stable/transformations/outbox-event-router.html
 */
export function route(row: Row, config: Readonly<Record<string, string>>): Routed {
  const option = (name: string): string => config[prefix + name] ?? routerDefaults[name] ?? ''
  const column = (name: string): string | null => {
    const value = row[name]
    if (value === undefined) throw new Error(`the table has no column "${name}"`)
    return value
  }
  const placed = option('table.fields.additional.placement').split(',').filter(Boolean)
  const added = placed.map((place) => {
    const [name = '', where, alias = name] = place.split(':')
    if (where !== 'header') throw new Error(`only headers are known here, not "${place}"`)
    return [alias, column(name)] as const
  })
  const by = column(option('route.by.field')) ?? ''
  return {
    topic: option('route.topic.replacement').replace('${routedByValue}', by),
    key: column(option('table.field.event.key')),
    headers: { id: column(option('table.field.event.id')), ...Object.fromEntries(added) },
    value: column(option('table.field.event.payload')),
  }
}
