import { mongodb } from '../stores/mongodb/open-mongodb.ts'
import { pinecone } from '../stores/pinecone/open-pinecone.ts'
import { postgres } from '../stores/postgres/open-postgres.ts'
import { redis } from '../stores/redis/open-redis.ts'
import type { OptionRow } from '../stores/option-table.ts'
import type { StoreKind } from '../stores/store-kind.ts'

/** Every store that `connect` knows, a line each. */
export const storeKinds = {
  postgres,
  redis,
  mongodb: optional(mongodb),
  pinecone: optional(pinecone),
}

type Kinds = typeof storeKinds

/** Name of a store that `connect` opens. */
export type ConnectedName = keyof Kinds

type Opened<Kind> =
  Kind extends StoreKind<infer _Options, infer _Settings, infer Store> ? Store : never
type OptionsOf<Kind> =
  Kind extends StoreKind<infer Options, infer _Settings, infer _Store> ? Options : never

interface OptionalKind<Options, Settings, Store> extends StoreKind<Options, Settings, Store> {
  readonly isOptional: true
}
type Optional = Pick<OptionalKind<never, never, never>, 'isOptional'>

/** Options of every store, by name. */
export type StoreOptions = {
  readonly [Name in ConnectedName as Kinds[Name] extends Optional ? never : Name]: OptionsOf<
    Kinds[Name]
  >
} & {
  readonly [Name in ConnectedName as Kinds[Name] extends Optional ? Name : never]?: OptionsOf<
    Kinds[Name]
  >
}

/** The connected stores, by name; optional ones are `undefined` where not configured. */
export type StoresByName = {
  readonly [Name in ConnectedName]: Kinds[Name] extends Optional
    ? Opened<Kinds[Name]> | undefined
    : Opened<Kinds[Name]>
}

/** A kind as code sees it that treats all of them alike. */
export interface AnyKind {
  readonly options: Readonly<Record<string, OptionRow<unknown>>>
  readonly reachedBy: readonly string[]
  readonly isOptional?: true
  readonly open: StoreKind<object, never, unknown>['open']
}

/** Every kind with its name. */
export const kindsByName = Object.entries(storeKinds) as unknown as readonly (readonly [
  name: ConnectedName,
  kind: AnyKind,
])[]

function optional<Options, Settings, Store>(
  kind: StoreKind<Options, Settings, Store>,
): OptionalKind<Options, Settings, Store> {
  return { ...kind, isOptional: true }
}
