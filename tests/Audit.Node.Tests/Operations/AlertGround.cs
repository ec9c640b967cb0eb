using System.Security.Cryptography;
using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Operations;

/// <summary>What tests of alerts have in common: the file, what is worth an alert, and what is said of it.</summary>
public abstract class AlertGround
{
    private protected const string Word = "zanzibar";
    private protected static readonly TimeSpan Long = TimeSpan.FromHours(24);
    private protected readonly byte[] Secret = RandomNumberGenerator.GetBytes(32);

    private protected static string ErrorOf(JsonElement destination) => destination.GetProperty("error").GetString() ?? "";

    private protected static long PositionOf(Posted one) => one.Json.GetProperty("data").GetProperty("position").GetInt64();

    private protected static string At(int second) =>
        new DateTime(2025, 1, 2, 3, 4, 0, DateTimeKind.Utc).AddSeconds(second).ToString("O");

    private protected static string NotKept() =>
        """{"kind":"persistence_failed","result":{"success":true,"output":"done","data":null,"duration_ms":5},"error":"the disk was full"}""";

    private protected static string SecretOf(byte[] bytes) => "whsec_" + Convert.ToBase64String(bytes);

    private protected static string Hook(WebhookReceiver receiver, string more = "") =>
        $$"""{"name":"hook","url":"{{receiver.Url}}","private":true,{{more}} "secret_file":"hook.secret"}""";

    private protected void Write(TestNode node, string destinations, string more = "")
    {
        File.WriteAllText(Path.Combine(node.Data, "hook.secret"), SecretOf(Secret) + "\n");
        File.WriteAllText(Path.Combine(node.Data, "alerts.json"), $$"""{ {{more}} "destinations":[{{destinations}}]}""");
    }

    /// <summary>Waits until it holds: what was before is nobody's alert.</summary>
    private protected async Task ConfigureAsync(TestNode node, string destinations, string more = "")
    {
        Write(node, destinations, more);
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/alerts")).Require(200).Json is var shown && shown.Text("state") == "sending"
                && shown.GetProperty("destinations")[0] is var one
                && (one.Text("format") == "ndjson" || one.GetProperty("position").ValueKind == JsonValueKind.Number),
            "the file holds");
    }

    private protected static Task UntilStateAsync(TestNode node, string what, Func<JsonElement, bool> holds) => Patience.UntilAsync(
        async () => (await node.GetAsync("/v1/alerts")).Require(200).Json.GetProperty("destinations")[0] is var one && holds(one), what);

    private protected static async Task<JsonElement> TestHookAsync(TestNode node) =>
        (await node.PostAsync("/v1/alerts/test", """{"destination":"hook"}""")).Require(200).Json;

    private protected static async Task RefuseAsync(TestNode node, string session, string call)
    {
        (await node.RecordAsync(Records.Item(session, call, Records.Blocked()))).Require(201);
        (await node.RecordAsync(Records.Item(session, call, Records.Completed(), "2025-01-02T03:05:05Z"))).Require(409);
    }

    private protected static async Task RecordSealedAsync(TestNode node) =>
        (await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", "sealed", Records.Completed()))).Require(201);

    private protected static async Task EraseAsync(TestNode node, string session)
    {
        var people = new List<HttpClient>();
        foreach (var name in (string[])["alice", "bob", "carol"])
        {
            people.Add(node.ClientWith(await node.TokenAsync(name, ["approve", "read"])));
        }

        var asked = (await people[0].PostAsync(
            "/v1/erasures", $$"""{"source":"admin","session_id":"{{session}}","reason":"she asked"}""")).Require(201).Json;
        var path = $"/v1/erasures/{asked.Text("id")}/confirm";
        (await people[1].PostAsync(path, "{}")).Require(200);
        (await people[2].PostAsync(path, """{"now":true}""")).Require(200);
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/erasures")).Json.GetProperty("items")[0].Text("state") == "erased", "it is erased");
        people.ForEach(one => one.Dispose());
    }
}
