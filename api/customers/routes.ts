import { createRoute, z } from '@hono/zod-openapi'
import type { App } from '#api/app.ts'
import { notFound } from '#api/errors.ts'
import { idempotent, once } from '#api/http/idempotency.ts'
import { idParam, page, pageQuery } from '#api/http/inputs.ts'
import { newRouter } from '#api/http/router.ts'
import { answer, body, keyed, refusals, secured } from '#api/http/shapes.ts'
import { textInput } from '#api/http/words.ts'
import { costly } from '#api/lib/costly.ts'
import { maySeeAddresses, normalForms, shownAddress } from '#api/subscribers/address.ts'
import { addCustomer, changeCustomer, handInCustomers } from './actions.ts'
import { affectedRoutes } from './affected-routes.ts'
import { lengths } from './customer.ts'
import { importRoutes } from './import-routes.ts'
import { type Customer, countCustomers, customerKinds, findCustomer, listCustomers, whole } from './queries.ts'
import { customerInput, customerPatch, customerShape, customersInput, kindsShape } from './schema.ts'

const common = { tags: ['Customers'], security: secured }
const word = z.string().max(60).optional()
const flag = z.enum(['yes', 'no']).optional()

/** The registry of customers, files that tell of them, and who was affected by an incident. */
export function customerRoutes(app: App) {
  const kinds = costly<z.infer<typeof kindsShape>>(app.steadyMs)
  const shown = (customer: Customer, roles: readonly string[]): Customer => ({
    ...customer,
    contacts: customer.contacts.map((contact) => ({
      ...contact,
      address: shownAddress(contact.address, maySeeAddresses(roles)),
    })),
  })
  const one = async (id: string, roles: readonly string[]) => {
    const customer = await findCustomer(app.db, id)
    if (!customer) throw notFound('This customer')
    return shown(customer, roles)
  }

  return newRouter()
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/customers',
        request: {
          query: z.strictObject({
            search: textInput(lengths.address, { line: true }).optional(),
            plan: word,
            region: word,
            segment: word,
            key: flag,
            archived: flag,
            ...pageQuery,
          }),
        },
        responses: {
          200: answer(z.object({ data: z.array(customerShape), next: z.string().nullable() }), 'By number.'),
          ...refusals(401, 403, 422),
        },
      }),
      async (c) => {
        const { search, key, archived, cursor, limit, ...kind } = c.req.valid('query')
        const { roles } = c.get('actor')
        // Who may not see addresses finds nobody by one.
        const addresses = search && maySeeAddresses(roles) ? normalForms(app.channels, search) : []
        const wanted = {
          text: search,
          addresses,
          ...kind,
          key: key === undefined ? undefined : key === 'yes',
          archived: archived === 'yes',
        }
        const after = cursor === undefined ? null : Buffer.from(cursor, 'base64url').toString()
        const { rows, next } = await page(
          limit,
          (count) => listCustomers(app.db, wanted, { after, limit: count }),
          ({ externalId }) => Buffer.from(externalId).toString('base64url'),
        )
        return c.json({ data: (await whole(app.db, rows)).map((customer) => shown(customer, roles)), next }, 200)
      },
    )
    .openapi(
      createRoute({
        ...common,
        ...keyed,
        method: 'post',
        path: '/api/v1/customers',
        request: body(customerInput),
        middleware: idempotent(app),
        responses: { 201: answer(customerShape, 'Added.'), ...refusals(400, 401, 403, 409, 422) },
      }),
      async (c) => {
        const given = c.req.valid('json')
        const id = await once(c, (claim) => addCustomer(app, c.get('actor'), given, { claim }))
        return c.json(await one(id, c.get('actor').roles), 201)
      },
    )
    .openapi(
      createRoute({
        ...common,
        method: 'post',
        path: '/api/v1/customers/batch',
        request: body(customersInput),
        responses: {
          200: answer(
            z.object({ added: z.int(), changed: z.int(), unchanged: z.int() }),
            'Added and changed by their numbers, all or none.',
          ),
          ...refusals(400, 401, 403, 413, 422),
        },
      }),
      async (c) => c.json(await handInCustomers(app, c.get('actor'), c.req.valid('json').customers), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/customers/kinds',
        responses: {
          200: answer(kindsShape, 'Which plans, regions and segments there are, with how many customers.'),
          ...refusals(401, 403),
        },
      }),
      async (c) =>
        c.json(
          await kinds('all', async () => ({ total: await countCustomers(app.db), ...(await customerKinds(app.db)) })),
          200,
        ),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'get',
        path: '/api/v1/customers/{id}',
        request: { params: idParam },
        responses: { 200: answer(customerShape, 'One customer.'), ...refusals(401, 403, 404) },
      }),
      async (c) => c.json(await one(c.req.valid('param').id, c.get('actor').roles), 200),
    )
    .openapi(
      createRoute({
        ...common,
        method: 'patch',
        path: '/api/v1/customers/{id}',
        request: { params: idParam, ...body(customerPatch) },
        responses: { 200: answer(customerShape, 'Changed.'), ...refusals(400, 401, 403, 404, 422) },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        await changeCustomer(app, c.get('actor'), id, c.req.valid('json'))
        return c.json(await one(id, c.get('actor').roles), 200)
      },
    )
    .route('/', importRoutes(app))
    .route('/', affectedRoutes(app))
}
