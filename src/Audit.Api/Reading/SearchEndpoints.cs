using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`/v1/search`: the investigation search.</summary>
internal sealed class SearchEndpoints(NodeParts node)
{
    public const int LongestQuery = 4_000;

    /// <summary>The index may lag; a search says how far it is rather than wait longer than this for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/search", SearchAsync, Roles.Read, "Searches what agents asked and got, newest first.",
            "Words, \"phrases\", key:value with - to negate and commas between values; /v1/search/keys lists the keys. "
            + "indexed_to says how far the text index is.",
            new("q", "The query.", Required: true), new("limit", "At most so many, up to 1000."),
            new("cursor", "The next of the page before."), new("counts", "true to have the hits counted by tool and by state."));
        routes.Get("/v1/search/keys", KeysAsync, Roles.Read, "Lists the keys of the query language.");
        routes.Get(
            "/v1/search/values", ValuesAsync, Roles.Read, "Lists values that a key has had.", "",
            new("key", "The key.", Required: true), new("prefix", "What the values begin with."));
    }

    private async Task SearchAsync(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var (text, page, counts) = (query.Text("q") ?? "", query.Page(), query.Flag("counts") ?? false);
        if (text.Length > LongestQuery)
        {
            query.Refuse("q", $"{text.Length} characters; at most {LongestQuery} are accepted.");
        }

        var bearer = context.Bearer();
        var problem = counts && IsBound(bearer)
            ? Problem.Forbidden("The token is bound to an agent or a task, and counts are those of all.")
            : query.Problem;
        if (problem is not null)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        var search = node.Reads.Search;
        var parsed = search.Parse(text);
        await CatchUpAsync(context.RequestAborted);
        var answer = await search.SearchAsync(parsed, page, context.RequestAborted);
        var counted = counts ? await search.CountAsync(parsed, context.RequestAborted) : null;
        var visible = new Visibility(bearer);
        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            ModelAnswers.WritePage(json, new Page<SearchHit>(answer.Items, answer.Next), visible.Sees, SearchJson.Write);
            json.WriteNumber("indexed_to", answer.IndexedTo);
            json.WriteNumber("journal_end", answer.JournalEnd);
            if (counted is not null)
            {
                SearchJson.WriteCounts(json, counted);
            }

            json.WriteEndObject();
        });
    }

    private static Task KeysAsync(HttpContext context) => context.WriteJsonAsync(StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var key in SearchKeys.All)
        {
            json.WriteStartObject();
            json.WriteString("key", key.Name);
            json.WriteString("says", key.Sentence);
            json.WriteString("example", key.Example);
            json.WriteTexts("values", key.Values);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("next");
        json.WriteEndObject();
    });

    private async Task ValuesAsync(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var name = query.Text("key");
        var key = SearchKeys.All.FirstOrDefault(known => known.Name == name);
        if (key is null)
        {
            query.Refuse("key", $"one of {string.Join(", ", SearchKeys.All.Select(known => known.Name))} is expected, not \"{name}\".");
        }

        // The values are those of all calls, of which a token that is bound sees a part only.
        var bearer = context.Bearer();
        var problem = IsBound(bearer)
            ? Problem.Forbidden("The token is bound to an agent or a task, and values are those of all.")
            : query.Problem;
        if (problem is not null)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        var values = await node.Reads.Search.NamesAsync(key!.Key, query.Text("prefix") ?? "", context.RequestAborted);
        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteTexts("items", values);
            json.WriteNull("next");
            json.WriteEndObject();
        });
    }

    private static bool IsBound(Bearer bearer) => bearer.Agent is not null || bearer.Task is not null;

    public async Task CatchUpAsync(CancellationToken cancellation)
    {
        await node.Reads.CatchUpAsync(Patience, cancellation);
        await node.Reads.Search.CatchUpAsync(Patience, cancellation);
    }
}
