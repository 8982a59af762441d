export { readCatalogue } from './catalogue.ts'
export type { Catalogue, CatalogueCourse, Person } from './catalogue.ts'
export { loadCatalogue } from './load-catalogue.ts'
export type { CatalogueProgress, LoadedCatalogue, LoadOptions } from './load-catalogue.ts'
