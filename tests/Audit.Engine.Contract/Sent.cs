using System.Text;
using System.Text.Json;

namespace Audit.Engine.Contract;

/// <summary>Makes items as hosts send them.</summary>
public static class Sent
{
    private static readonly DateTimeOffset Start = DateTimeOffset.Parse("2026-11-20T14:00:00Z");
    private static readonly RecordHasher Hasher = TestKeys.Hasher;

    public static RecordHasher SharedHasher => Hasher;

    public static Submission Call(string session, string call, Outcome outcome, int second, string? messageId = null, string host = "host") =>
        Read(
            JsonSerializer.SerializeToUtf8Bytes(new
            {
                session_id = session,
                message_id = messageId,
                record = JsonSerializer.SerializeToElement(JsonDocument.Parse(Record(call, outcome, second)).RootElement),
            }),
            host);

    public static Submission Note(string session, string type, int second) =>
        Read(
            JsonSerializer.SerializeToUtf8Bytes(new
            {
                session_id = session,
                note = new { type, at = At(second), detail = new { second } },
            }));

    public static Submission Window(string window, WindowVerb verb, string actor, int second = 0)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"verb":"{{verb}}","actor":"{{actor}}"}""");
        var terms = new WindowTerms("migrate-orders", "copilot-agent", ["sql.*"], "migration") { Duration = TimeSpan.FromHours(2) };
        var at = Timestamp.From(Start.AddSeconds(second));
        var delivery = new WindowDelivery { Actor = actor, ReceivedAt = at, Dedup = Hasher.OfBytes(body) };
        var message = WindowMessage.Of(verb, delivery, terms, verb == WindowVerb.Extend ? at : null, new WindowSpan(new SessionName("ci", "s"), at, at.Next(), 7));
        return new WindowSubmission(window, message, body);
    }

    public static Submission Operator(string act) =>
        new OperatorSubmission(act, "node-1", Timestamp.From(Start), Encoding.UTF8.GetBytes("""{"why":"a test"}"""));

    public static Outcome Completed(bool success = true, string output = "done") =>
        new Outcome.Completed(new ToolResult(success, output));

    public static Submission Read(byte[] item, string host = "host")
    {
        var defaults = new ItemDefaults("ci", host, Timestamp.From(Start.AddHours(1)));
        var read = new ItemReader(Hasher).Read(item, defaults);
        return read.Submission ?? throw new InvalidOperationException(read.Error);
    }

    private static byte[] Record(string call, Outcome outcome, int second) =>
        new ToolAuditRecord
        {
            ToolCallId = call,
            ToolName = "sql.query",
            Tier = "Confirm",
            Turn = 1,
            Provenance = new Provenance("anthropic", "claude"),
            Outcome = outcome,
            RecordedAt = At(second),
        }.ToUtf8();

    private static string At(int second) => Timestamp.From(Start.AddSeconds(second)).ToString();
}
