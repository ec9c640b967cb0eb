namespace Audit.Api.Diary;

/// <summary>One read as the diary has it: who asked what, and what was answered.</summary>
/// <param name="Act">That it was read, or that a copy of the book was given.</param>
internal sealed record ReadEntry(string Act, string Reader, byte[] Detail)
{
    private const int LongestValue = 1_000;
    private const int LongestQuery = 4_000;

    /// <summary>
    /// What a request can ask by, in capitals too; other parameters are counted, for nothing is answered by them.
    /// </summary>
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "session", "source", "call", "task", "window", "id", "position", "q", "key", "prefix", "judgement", "state",
        "lifted", "review", "tool", "agent", "open_at", "open", "after", "before", "at", "from", "until", "range",
        "format", "keys", "limit", "cursor", "counts", "wait", "question", "admin", "parent",
        "mark", "sort", "name", "during", "columns",
    };

    /// <param name="phase">answered, or of an answer that lasts: going on, ended.</param>
    public static ReadEntry Of(
        HttpContext context, string phase, int status, ReadTraceState answered, Redactor? redactor)
    {
        var bearer = context.Bearer();
        var detail = OperatorActs.DetailOf(json =>
        {
            json.WriteString("id", Guid.CreateVersion7());
            json.WriteString("phase", phase);
            json.WriteString("route", (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText);
            json.WriteStartObject("bound_to");
            WriteKnown(json, "agents", bearer.Agents);
            WriteKnown(json, "tasks", bearer.Tasks);
            WriteKnown(json, "sources", bearer.Sources);
            json.WriteEndObject();
            WriteAsked(json, context.Request, redactor);
            json.WriteNumber("status", status);
            json.WriteNumber("count", answered.Count);
            if (answered.Count > 0)
            {
                json.WriteNumber("first", answered.First);
                json.WriteNumber("last", answered.Last);
                json.WriteString("sha256", answered.Hash);
            }
        });
        var isCopy = status == StatusCodes.Status200OK
            && context.GetEndpoint()?.Metadata.GetMetadata<CopyMark>() is not null;
        return new ReadEntry(isCopy ? ReadActs.Copied : ReadActs.Read, bearer.Name, detail.ToArray());
    }

    private static void WriteAsked(Utf8JsonWriter json, HttpRequest request, Redactor? redactor)
    {
        json.WriteStartObject("asked");
        foreach (var (name, value) in request.RouteValues)
        {
            WriteText(json, name, value?.ToString(), redactor);
        }

        var others = 0;
        foreach (var (name, values) in request.Query)
        {
            if (!Known.TryGetValue(name, out var known))
            {
                others++;
            }
            else if (!request.RouteValues.ContainsKey(known))
            {
                WriteText(json, known, values.ToString(), redactor);
            }
        }

        json.WriteEndObject();
        if (others > 0)
        {
            json.WriteNumber("other_parameters", others);
        }
    }

    private static void WriteKnown(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value, Redactor? redactor)
    {
        var most = name == "q" ? LongestQuery : LongestValue;
        if (value is not null)
        {
            var stored = redactor?.Text(value) ?? value;
            json.WriteString(name, ShortText.Of(stored, most));
        }
    }
}

/// <summary>Marks an endpoint that gives copies of the book to be kept elsewhere.</summary>
internal sealed record CopyMark
{
    public static readonly CopyMark Copy = new();
}
