// The part of Linear's published schema that channels use, with its own names, types and what may be null.

export const LINEAR_SCHEMA = `
  scalar DateTime

  type User { id: ID! name: String! displayName: String! app: Boolean! }
  type ActorBot { id: ID type: String! name: String }
  type WorkflowState { id: ID! name: String! type: String! position: Float! }
  type WorkflowStateConnection { nodes: [WorkflowState!]! }
  type Team {
    id: ID!
    key: String!
    name: String!
    states(first: Int, last: Int, after: String, before: String): WorkflowStateConnection!
  }
  type Issue {
    id: ID!
    createdAt: DateTime!
    identifier: String!
    title: String!
    description: String
    url: String!
    team: Team!
    state: WorkflowState!
    assignee: User
    delegate: User
    creator: User
    botActor: ActorBot
    history(first: Int, last: Int, after: String, before: String): IssueHistoryConnection!
    comments(filter: CommentFilter, first: Int, last: Int, after: String, before: String): CommentConnection!
  }
  type IssueHistory {
    id: ID!
    createdAt: DateTime!
    actor: User
    botActor: ActorBot
    toAssigneeId: String
    toDelegate: User
  }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type IssueHistoryConnection { nodes: [IssueHistory!]! pageInfo: PageInfo! }
  type Comment {
    id: ID!
    createdAt: DateTime!
    body: String!
    archivedAt: DateTime
    user: User
    botActor: ActorBot
    issue: Issue
  }
  type CommentConnection { nodes: [Comment!]! }
  type IssuePayload { issue: Issue success: Boolean! }
  type CommentPayload { comment: Comment! success: Boolean! }

  input StringComparator { eq: String contains: String }
  input BooleanComparator { eq: Boolean neq: Boolean }
  input UserFilter { isMe: BooleanComparator }
  input CommentFilter { body: StringComparator user: UserFilter }
  input CommentCreateInput { issueId: String body: String parentId: String id: String }
  input CommentUpdateInput { body: String }
  input IssueUpdateInput { stateId: String title: String }

  type Query {
    viewer: User!
    issue(id: String!): Issue!
    comment(id: String, hash: String): Comment!
  }
  type Mutation {
    issueUpdate(id: String!, input: IssueUpdateInput!): IssuePayload!
    commentCreate(input: CommentCreateInput!): CommentPayload!
    commentUpdate(id: String!, input: CommentUpdateInput!, skipEditedAt: Boolean): CommentPayload!
  }
`
