// Starts a stack where the package of MongoDB is not installed, and prints the failure.
import { registerHooks } from 'node:module'
import { startTestStack } from '../../src/index.ts'

registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier === 'mongodb') throw new Error(`Cannot find package '${specifier}'`)
    return next(specifier, context)
  },
})
try {
  await startTestStack({ stores: ['mongodb'] })
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`)
}
