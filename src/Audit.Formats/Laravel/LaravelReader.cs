using Audit.Formats.Correlation;

namespace Audit.Formats.Laravel;

/// <summary>
/// What the closure of the Laravel SDK sees and answers: `request` as it came, `invocation` with the session, and the
/// `decision` it returned, if it has. Neither has an id of its own, so that the request's content stands for one.
/// </summary>
internal sealed class LaravelReader : IEventReader
{
    private const string Format = "laravel";

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var request = happened.RequireObject("request");
        var kind = request.RequireText("kind", "request");
        var session = happened.ObjectMember("invocation")?.Text("sessionId");
        var time = happened.Time("at");
        var answer = happened.Member("decision") is { } decision
            ? PermissionAnswer.Read(decision, "decision", null)
            : null;
        var content = CanonicalJson.NameOf(request);
        if (request.Text("toolCallId") is not { } call)
        {
            // Some requests concern no call of a tool, and still were made and answered.
            var id = $"{Format}:{(answer is null ? "asked" : "answered")}";
            sink.Note(new DerivedNote(session, id, "permission", happened) { Time = time, DerivedOf = content });
            return;
        }

        var asked = new Outcome.RequiresConfirmation(DescriptionOf(request, kind), null) { Permission = request };
        sink.Record(RecordOf(session, call, kind, asked, time, content));
        if (answer is not null)
        {
            sink.Record(RecordOf(session, call, kind, answer, time, content));
        }
    }

    // A kind of request is no name of a tool, by which windows and other streams would know the call.
    private static DerivedRecord RecordOf(
        string? session, string call, string kind, Outcome outcome, string? time, string content)
    {
        var record = DerivedRecord.Of(Format, session, call, null, outcome, time);
        return record with { DerivedOf = content, Record = record.Record with { DisplayName = kind } };
    }

    private static string DescriptionOf(JsonElement request, string kind) =>
        request.Text("intention") ?? request.Text("fullCommandText") ?? request.Text("path") ?? request.Text("url")
        ?? request.Text("toolName") ?? kind;
}
