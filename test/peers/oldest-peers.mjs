import { registerHooks } from 'node:module'

// Loaded before a program, it puts the oldest supported version in the place of every peer.
const aliases = new Map([
  ['pg', 'pg-oldest'],
  ['@redis/client', 'redis-oldest'],
  ['mongodb', 'mongodb-oldest'],
  ['@pinecone-database/pinecone', 'pinecone-oldest'],
  ['openai', 'openai-oldest'],
])

registerHooks({
  resolve: (specifier, context, next) => {
    const alias = aliases.get(specifier)
    return alias === undefined
      ? next(specifier, context)
      : next(alias, { ...context, parentURL: import.meta.url })
  },
})
