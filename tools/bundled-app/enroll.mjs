// Prints what the quick start saw, as one line of JSON.
import { quickStart } from './quick-start.mjs'

async function main() {
  console.log(JSON.stringify(await quickStart()))
}

void main().then(() => process.exit())
