namespace Audit.Api.Reading;

/// <summary>`/v1/search`: the investigation search.</summary>
internal sealed class SearchEndpoints(ReadSide reads, Questions questions, SearchQuota quota) : IEndpointGroup
{
    public const int LongestQuery = 4_000;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/search", SearchAsync, Roles.Read, "Searches what agents asked and got, newest first.",
            "Words, \"phrases\", key:value with - to negate and commas between values; OR and ( ) between terms; "
            + "/v1/search/keys lists the keys. "
            + "indexed_to says how far the text index is.",
            new("q", "The query.", Required: true), QueryParameter.Limit, QueryParameter.Cursor,
            new("counts", "true to have the hits counted by tool and by state."))
            .Produces<SearchPageAnswer>().Scoped(Scope.Binding);
        routes.Get("/v1/search/keys", KeysAsync, Roles.Read, "Lists the keys of the query language.")
            .Produces<ItemPage<SearchKeyAnswer>>().Scoped(Scope.Public);
        routes.Get(
            "/v1/search/values", ValuesAsync, Roles.Read, "Lists values that a key has had.", "",
            new("key", "The key.", Required: true), new("prefix", "What the values begin with."))
            .Produces<ItemPage<string>>().Scoped(Scope.Unbound);
    }

    private async Task<IResult> SearchAsync(HttpContext context)
    {
        var (query, bearer) = (context.Query(), context.Bearer());
        var (text, page, counts) = (query.Text("q") ?? "", query.Page(), query.Flag("counts") ?? false);
        if (text.Length > LongestQuery)
        {
            query.Refuse("q", $"{text.Length} characters; at most {LongestQuery} are accepted.");
        }

        var parsed = reads.Search.Parse(text);
        var scope = context.Reads().Scope;
        await questions.CatchUpSearchAsync(context.RequestAborted);
        return await quota.AskAsync<IResult>(bearer, context.RequestAborted, async cancellation =>
        {
            var answer = await reads.Search.SearchAsync(parsed, page, scope, cancellation);
            var counted = counts ? await reads.Search.CountAsync(parsed, scope, cancellation) : null;
            var isShown = scope.Veil is null;
            return Reply.Json(new SearchPageAnswer(
                [.. answer.Items.Select(WireOf.Of)], answer.Next, isShown ? answer.IndexedTo : null,
                isShown ? answer.JournalEnd : null)
            {
                Counts = counted is null ? null : WireOf.Of(counted),
            });
        });
    }

    private static Task<IResult> KeysAsync(HttpContext context) =>
        Task.FromResult(Reply.Json(new ItemPage<SearchKeyAnswer>(
        [.. SearchKeys.All.Select(key => new SearchKeyAnswer(key.Name, key.Sentence, key.Example, [.. key.Values]))],
        null)));

    private async Task<IResult> ValuesAsync(HttpContext context)
    {
        var query = context.Query();
        var name = query.Text("key");
        var key = SearchKeys.All.FirstOrDefault(known => known.Name == name);
        if (key is null)
        {
            query.Refuse("key",
            $"one of {string.Join(", ", SearchKeys.All.Select(known => known.Name))} is expected, not \"{name}\".");
        }

        var prefix = query.Text("prefix") ?? "";
        var values = await quota.AskAsync(
            context.Bearer(), context.RequestAborted,
            cancellation => reads.Search.NamesAsync(key.Key, prefix, cancellation));
        return Reply.Json(new ItemPage<string>([.. values], null));
    }
}
