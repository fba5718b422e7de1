import type { ImportKind } from '#api/db/schema.ts'

/** What a column may hold, by the kind of file; the first are what a row is known by. */
export const fieldsOf = {
  customers: [
    'customer_id',
    'name',
    'plan',
    'region',
    'segment',
    'key',
    'internal',
    'account_manager',
    'monthly_fee',
    'currency',
    'language',
    'email',
    'phone',
    'contact',
    'components',
  ],
  affected: ['customer_id', 'email', 'minutes', 'fee', 'amount', 'currency'],
} as const satisfies Record<ImportKind, readonly string[]>

export type Field = (typeof fieldsOf)[ImportKind][number]
/** Which field each column holds; null is a column that is not read. */
export type Mapping = (Field | null)[]

export const isField = (kind: ImportKind, text: string): text is Field =>
  (fieldsOf[kind] as readonly string[]).includes(text)

/** How companies head such columns, without spaces, hyphens and underscores, in both languages. */
const headings: Record<Field, readonly string[]> = {
  customer_id: [
    ...['customerid', 'customer', 'id', 'externalid', 'merchantid', 'merchant', 'accountid', 'clientid'],
    ...['customerno', 'customernumber', 'accountnumber', '客户编号', '客户id', '客户号', '编号', '商家编号', '商家id'],
    ...['商户编号', '商户号', '商户id', '账号', '账户编号'],
  ],
  email: [
    'email',
    'emailaddress',
    'mail',
    'contactemail',
    '邮箱',
    '电子邮箱',
    '邮件',
    '邮件地址',
    '电子邮件',
    '邮箱地址',
  ],
  minutes: [
    ...['minutes', 'affectedminutes', 'downtimeminutes', 'durationminutes', 'downtime', 'minutesaffected', 'mins'],
    ...['分钟', '分钟数', '受影响分钟', '受影响分钟数', '影响分钟', '影响分钟数', '影响时长分钟', '中断分钟'],
  ],
  fee: ['fee', 'monthlyfee', 'feebase', 'feepaid', '费用', '月费', '月服务费', '服务费', '已付费用'],
  amount: ['amount', 'refund', 'refundamount', 'loss', '金额', '退款', '退款金额', '补偿金额', '赔偿金额'],
  currency: ['currency', 'ccy', '币种', '货币'],
  name: [
    'name',
    'customername',
    'company',
    'companyname',
    'merchantname',
    '名称',
    '客户名称',
    '公司',
    '公司名称',
    '商家名称',
    '商户名称',
  ],
  plan: ['plan', 'edition', 'tier', 'subscription', '版本', '套餐', '方案', '订阅'],
  region: ['region', 'area', '地区', '区域', '地域'],
  segment: ['segment', 'industry', '分组', '客群', '行业', '客户分类'],
  key: ['key', 'keycustomer', 'keyaccount', 'vip', '重点客户', '大客户', '重点'],
  internal: ['internal', 'test', 'internalcustomer', '内部', '内部客户', '内部账号', '测试账号'],
  account_manager: ['accountmanager', 'manager', 'owner', 'csm', '客户经理', '负责人'],
  monthly_fee: ['monthlyfee', 'fee', 'mrr', '月费', '月服务费', '每月费用'],
  language: ['language', 'locale', 'lang', '语言'],
  phone: ['phone', 'mobile', 'sms', 'telephone', 'phonenumber', '手机', '手机号', '电话', '手机号码', '联系电话'],
  contact: ['contact', 'contactname', 'contactperson', '联系人', '联系人姓名'],
  components: ['components', 'services', 'products', 'uses', '服务', '使用的服务', '组件', '产品'],
}

/** A heading as it is compared and remembered. */
export const plainHeading = (heading: string): string =>
  heading
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_\-()（）.:：]+/g, '')
    .slice(0, 100)

/**
 * Which field each column most likely holds: as a person chose for this heading before, else by what such columns are
 * usually called. No field is guessed for two columns; the first has it.
 */
export function guessMapping(
  kind: ImportKind,
  heads: readonly string[],
  remembered: ReadonlyMap<string, string>,
): Mapping {
  const taken = new Set<Field>()
  const take = (field: Field | undefined): Field | null => {
    if (!field || taken.has(field)) return null
    taken.add(field)
    return field
  }
  const chosen = heads.map((head) => {
    const field = remembered.get(plainHeading(head)) ?? ''
    return isField(kind, field) ? take(field) : null
  })
  return heads.map((head, at) => {
    const plain = plainHeading(head)
    // What a person once chose not to read is remembered too, as no field.
    if (chosen[at] || remembered.has(plain)) return chosen[at] ?? null
    return take(fieldsOf[kind].find((field) => headings[field].includes(plain)))
  })
}

/** What keeps a mapping from being used; null when nothing does. */
export function mappingFault(kind: ImportKind, mapping: Mapping, columns: number): 'length' | 'twice' | 'key' | null {
  const used = mapping.filter((field) => field !== null)
  if (mapping.length !== columns) return 'length'
  if (new Set(used).size !== used.length) return 'twice'
  const known = kind === 'affected' ? ['customer_id', 'email'] : ['customer_id']
  return used.some((field) => known.includes(field)) ? null : 'key'
}

/** The cells of a row by their fields, trimmed; a column that is not read is left out. */
export function cellsBy(mapping: Mapping, cells: readonly string[]): Partial<Record<Field, string>> {
  const by: Partial<Record<Field, string>> = {}
  mapping.forEach((field, at) => {
    if (field) by[field] = (cells[at] ?? '').trim()
  })
  return by
}
