export { services } from './hosts.ts'
