namespace Audit.Api.Reading;

/// <summary>What is to be exported, and how.</summary>
/// <param name="WithKeys">With each row as it is stored, and the key of its call.</param>
internal sealed record ExportRequest(string Format, bool WithKeys = false)
{
    public const string Accepted = "ndjson, csv and session";

    public string? Session { get; init; }

    public string? Source { get; init; }

    public string? Task { get; init; }

    public string? Window { get; init; }

    public ExportBound? After { get; init; }

    public ExportBound? Before { get; init; }

    public string ContentType => Format switch
    {
        "ndjson" => "application/x-ndjson",
        "csv" => "text/csv; charset=utf-8; header=present",
        _ => "text/plain; charset=utf-8",
    };

    /// <param name="ask">Gives the value of a name.</param>
    /// <param name="refuse">Receives the name and a sentence that says what is wrong.</param>
    /// <param name="scope">By which positions are read.</param>
    public static ExportRequest Read(Func<string, string?> ask, Action<string, string> refuse, ReadScope scope)
    {
        var format = ask("format") ?? "ndjson";
        if (format is not ("ndjson" or "csv" or "session"))
        {
            refuse("format", $"\"{format}\" is not accepted; accepted are {Accepted}.");
        }

        var keys = ask("keys");
        if (keys is not (null or "true" or "false"))
        {
            refuse("keys", $"\"{keys}\" is not accepted; accepted are true and false.");
        }
        else if (keys == "true" && format != "ndjson")
        {
            refuse("keys", $"{format} has no place for keys; they go with ndjson.");
        }
        else if (keys == "true" && scope is not { Agents.Count: 0, Tasks.Count: 0 })
        {
            refuse("keys", "a key opens all of a call, and this token sees some agents or tasks: a bundle has the keys "
                + "of the calls that it sees whole.");
        }

        return new ExportRequest(format, keys == "true")
        {
            Session = Id(ask, refuse, "session", isSession: true),
            Source = Id(ask, refuse, "source", isSession: true),
            Task = Id(ask, refuse, "task"),
            Window = Id(ask, refuse, "window"),
            After = Bound(ask, refuse, scope, "after"),
            Before = Bound(ask, refuse, scope, "before"),
        };
    }

    /// <param name="keys">What the content is sealed under.</param>
    public IExportWriter OpenWriter(ReadScope scope, PayloadKeys keys) => Format switch
    {
        "csv" => new BookExport(new CsvBook()),
        "session" => new BookExport(new SessionBook(Window)),
        _ => new RowExport(scope, WithKeys ? keys : null),
    };

    private static string? Id(
        Func<string, string?> ask, Action<string, string> refuse, string name, bool isSession = false)
    {
        var id = ask(name);
        if (id is not null && Ids.Refuse(id, Ids.MaxBytes, isSession) is { } refusal)
        {
            refuse(name, refusal + ".");
        }

        return id;
    }

    private static ExportBound? Bound(
        Func<string, string?> ask, Action<string, string> refuse, ReadScope scope, string name)
    {
        if (ask(name) is not { } text)
        {
            return null;
        }

        var bound = ExportBound.Read(text, scope);
        if (bound is null)
        {
            refuse(name, $"a position or an RFC 3339 time is expected, not \"{text}\".");
        }

        return bound;
    }
}

/// <summary>Where an export begins or ends: a position of the journal, or a time.</summary>
internal sealed record ExportBound(long? Position, Timestamp? Time)
{
    /// <returns>Null when it is neither.</returns>
    public static ExportBound? Read(string text, ReadScope scope) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var shown)
            && scope.Show(shown) is { } position
            ? new ExportBound(position, null)
        : Rfc3339.TryParse(text, out var time) ? new ExportBound(null, time)
        : null;

    /// <summary>Less than zero when the event is before, zero when it is exactly there.</summary>
    public int Compare(BookEvent entry)
    {
        if (Position is { } position)
        {
            return entry.Position.CompareTo(position);
        }

        return Rfc3339.TryParse(entry.HappenedAt ?? entry.ReceivedAt ?? "", out var at) ? at.CompareTo(Time!.Value) : 0;
    }
}
