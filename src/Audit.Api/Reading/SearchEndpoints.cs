using Audit.Api.Diary;
using Audit.Api.Quotas;

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

    /// <summary>The query that is asked.</summary>
    public static string TextIn(QueryReader query)
    {
        var text = query.Text("q") ?? "";
        return text.Length <= LongestQuery ? text
            : throw QueryReader.Refusal("q", $"{text.Length} characters; at most {LongestQuery} are accepted.");
    }

    private async Task<IResult> SearchAsync(HttpContext context)
    {
        var (query, bearer) = (context.Query(), context.Bearer());
        var (text, page, counts) = (TextIn(query), query.Page(), query.Flag("counts") ?? false);
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

/// <summary>`GET /v1/search/export`: all that a search finds, and not a page of it, as a stream.</summary>
internal sealed class SearchExport(
    IJournal journal, ReadSide reads, Questions questions, SearchQuota quota, QuotaBook quotas, TimeProvider clock,
    IHostApplicationLifetime life, FailureLog failures) : IEndpointGroup
{
    /// <summary>More is for `/v1/export`, which searches for nothing.</summary>
    public const int MostHits = 100_000;

    /// <summary>Up to where the index was, for whoever must know what was not searched yet.</summary>
    public const string IndexedTo = "Audit-Indexed-To";

    /// <summary>When it was asked: a query's relative times are those of this moment.</summary>
    public const string AskedAt = "Audit-Asked-At";

    /// <summary>As many are asked for at once, and fewer where a search of these takes too long.</summary>
    private const int MostAtOnce = 200, FewestAtOnce = 25;

    /// <summary>So long it is searched, with the pauses that the bearer's share of searches makes.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        "/v1/search/export", GetAsync, Roles.Read | Roles.Export, "Exports all that a search finds, newest first.",
        "ndjson: a line for each hit, as /v1/search has it. csv: a row for each hit (RFC 4180; what a spreadsheet "
        + "would take for a formula is disarmed by an apostrophe). json: one object with the items, and `complete`. "
        + "What is not all says so at its end and by the trailer Audit-Stopped: a line with the status \"stopped\", "
        + "a row with the state \"export.stopped\", or `complete` that is false, each with the reason. States are "
        + "those at the time at which each page of it was read.",
        new("q", "The query.", Required: true), new("format", "ndjson (the default), csv or json."),
        new("limit", $"At most so many hits, up to {MostHits}, which is the default."))
        .WithMetadata(CopyMark.Copy).Scoped(Scope.Binding);

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var (query, scope, response) = (context.Query(), context.Reads().Scope, context.Response);
        var (text, most) = (SearchEndpoints.TextIn(query), (int)query.Number("limit", MostHits, 1, MostHits));
        var writer = HitWriter.Of(query.Text("format") ?? "ndjson", text)
            ?? throw QueryReader.Refusal("format", $"one of {HitWriter.Accepted} is expected.");
        var parsed = reads.Search.Parse(text);
        var (asked, begun) = (WireOf.Of(Timestamp.From(clock.GetUtcNow())), clock.GetTimestamp());
        using var share = quotas.Enter(Quota.Exports, context.Bearer());

        // What the book had by now is to be searched; what comes meanwhile need not be.
        var (end, atOnce) = (await journal.LastPositionAsync(context.RequestAborted), MostAtOnce);
        await questions.CatchUpSearchAsync(context.RequestAborted);
        var searched = await reads.Models.PositionAsync(context.RequestAborted);

        // What is refused from the start is answered with a problem.
        SearchAnswer? page = await AskAsync(null);
        response.ContentType = writer.ContentType;
        response.Headers[AskedAt] = asked;
        if (scope.Veil is null)
        {
            response.Headers[IndexedTo] = page.IndexedTo.ToString(CultureInfo.InvariantCulture);
            response.Headers[ExportEndpoint.LastPosition] = page.JournalEnd.ToString(CultureInfo.InvariantCulture);
        }

        await context.BeforeAnswerAsync(StatusCodes.Status200OK);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, life.ApplicationStopping);
        try
        {
            if (await SendAsync() && response.SupportsTrailers())
            {
                response.AppendTrailer(ExportEndpoint.Stopped, "true");
            }
        }
        catch (OperationCanceledException) when (life.ApplicationStopping.IsCancellationRequested)
        {
            // Cut, so that it cannot be taken for the end.
            context.Abort();
        }

        return Reply.Sent;

        // Whether it ends before its end.
        async Task<bool> SendAsync()
        {
            var (buffer, why) = (new ArrayBufferWriter<byte>(), (string?)null);
            writer.Begin(asked, scope.Veil is null ? page.IndexedTo : null, buffer);
            while (page is not null)
            {
                foreach (var hit in page.Items)
                {
                    writer.Write(WireOf.Of(hit), buffer);
                }

                // Nothing is held while the next page is waited for, which may take minutes.
                var onwards = page.Next;
                page = null;
                await PassOnAsync();
                (page, why) = onwards is null ? (null, null) : await GoOnAsync(onwards);
            }

            why ??= searched >= end ? null
                : scope.Veil is null
                    ? $"Not all of the book was searched yet: up to position {searched} of {end}. Ask again."
                    : "Not all of the book was searched yet. Ask again.";
            writer.End(why, buffer);
            await PassOnAsync();
            return why is not null;

            async Task PassOnAsync()
            {
                await response.Body.WriteAsync(buffer.WrittenMemory, stop.Token);
                buffer.ResetWrittenCount();
            }
        }

        async Task<SearchAnswer> AskAsync(string? cursor)
        {
            while (true)
            {
                try
                {
                    var found = await quota.AskAsync(
                        context.Bearer(), context.RequestAborted, cancellation => reads.Search.SearchAsync(
                            parsed, new PageRequest(Math.Min(most - writer.Written, atOnce), cursor), scope,
                            cancellation));
                    searched = Math.Min(searched, found.IndexedTo);
                    return found;
                }
                catch (RefusedException refused) when (
                    refused.Problem.Kind == SearchQuota.TooLong && atOnce > FewestAtOnce)
                {
                    atOnce /= 2;
                }
            }
        }

        async Task<(SearchAnswer? Page, string? Why)> GoOnAsync(string cursor)
        {
            if (writer.Written >= most)
            {
                return (null, $"The newest {most} are given, and there may be older ones, which before:TIME finds.");
            }

            while (clock.GetElapsedTime(begun) < Longest)
            {
                try
                {
                    return (await AskAsync(cursor), null);
                }
                catch (RefusedException refused) when (refused.Problem is { Status: 429, RetryAfter: { } seconds })
                {
                    // Whoever has had his share of searches goes on when he has some again.
                    await Task.Delay(TimeSpan.FromSeconds(seconds), clock, stop.Token);
                }
                catch (RefusedException refused)
                {
                    return (null, refused.Message);
                }
                catch (Exception failure) when (failure is JournalUnavailableException or ReadModelsException)
                {
                    failures.Report("export of a search", failure);
                    return (null, failure.Message);
                }
            }

            return (null, $"It was searched for {Longest.TotalMinutes} minutes, and there may be older ones.");
        }
    }
}

/// <summary>Writes what a search found in the form that was asked for.</summary>
internal sealed class HitWriter
{
    public const string Accepted = "ndjson, csv and json";

    /// <summary>In the place of a state, in the row that says that there are more.</summary>
    private const string Stopped = "export.stopped";

    private static readonly (string Name, Func<SearchHitAnswer, string?> Value)[] Columns =
    [
        ("position", hit => Number(hit.Position)), ("at", hit => hit.At), ("first_at", hit => hit.FirstAt),
        ("last_at", hit => hit.LastAt), ("source", hit => hit.Source), ("session_id", hit => hit.SessionId),
        ("tool_call_id", hit => hit.ToolCallId), ("tool_name", hit => hit.ToolName), ("state", hit => hit.State),
        ("message", hit => hit.Message),
        ("success", hit => hit.Success switch { true => "true", false => "false", null => null }),
        ("decision", hit => hit.Decision), ("decided_by", hit => hit.DecidedBy), ("claimed_by", hit => hit.ClaimedBy),
        ("judgement", hit => hit.Judgement), ("violations", hit => Number(hit.Violations)),
        ("anomalies", hit => hit.Anomalies is null ? null : string.Join(' ', hit.Anomalies)),
        ("task_id", hit => hit.TaskId), ("agent", hit => hit.Agent), ("token", hit => hit.Token),
        ("command", hit => hit.Command), ("found_in", hit => hit.Excerpt?.Place), ("found", hit => hit.Excerpt?.Text),
    ];

    private readonly string format;
    private readonly string query;
    private long last;

    private HitWriter(string format, string query) => (this.format, this.query) = (format, query);

    public int Written { get; private set; }

    public string ContentType => format switch
    {
        "csv" => "text/csv; charset=utf-8; header=present", "json" => "application/json", _ => "application/x-ndjson",
    };

    /// <returns>Null where there is no such form.</returns>
    public static HitWriter? Of(string format, string query) =>
        format is "csv" or "json" or "ndjson" ? new HitWriter(format, query) : null;

    /// <param name="indexedTo">Null for whoever is shown no positions.</param>
    public void Begin(string askedAt, long? indexedTo, IBufferWriter<byte> to)
    {
        if (format == "csv")
        {
            CsvField.WriteRow(to, Columns.Select(column => column.Name));
        }
        else if (format == "json")
        {
            var searched = indexedTo is null ? "" : $",\"indexed_to\":{Number(indexedTo)}";
            Put($"{{\"query\":{Quoted(query)},\"asked_at\":{Quoted(askedAt)}{searched},\"items\":[", to);
        }
    }

    public void Write(SearchHitAnswer hit, IBufferWriter<byte> to)
    {
        if (format == "csv")
        {
            CsvField.WriteRow(to, Columns.Select(column => column.Value(hit)));
        }
        else
        {
            Put(format == "json" ? Written == 0 ? "\n" : ",\n" : "", to);
            using (var json = new Utf8JsonWriter(to, Reply.Options))
            {
                JsonSerializer.Serialize(json, hit, WireJson.Plain.SearchHitAnswer);
            }

            Put(format == "ndjson" ? "\n" : "", to);
        }

        (Written, last) = (Written + 1, hit.Position);
    }

    /// <param name="why">Why it is not all; null where it is.</param>
    public void End(string? why, IBufferWriter<byte> to)
    {
        if (format == "json")
        {
            var said = why is null ? "true" : $"false,\"error\":{Quoted(why)}";
            Put($"\n],\"count\":{Written},\"complete\":{said}}}\n", to);
        }
        else if (why is not null && format == "ndjson")
        {
            RowWriter.WriteStopped(last, why, to);
        }
        else if (why is not null)
        {
            // No call has another state than the law's, and a note has none: nobody can write such a row into the book.
            CsvField.WriteRow(to, Columns.Select(column => column.Name switch
            {
                "position" => Number(last), "state" => Stopped, "command" => why, _ => null,
            }));
        }
    }

    private static void Put(string text, IBufferWriter<byte> to) => Encoding.UTF8.GetBytes(text, to);

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, Reply.Options.Encoder)}\"";

    private static string? Number(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}
