using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Audit.Api.Acting;
using Audit.Api.Diary;
using Audit.Integrity.Keeping;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Audit.Node.Tests.Trust;

/// <summary>Single calls are erased, named or found, and holds of every kind stand over them.</summary>
public abstract class CallErasureContract
{
    private readonly string word = $"unguja{Guid.NewGuid():N}";

    private protected abstract Task<TestNode> StartAsync(Func<IAuditEngine, IAuditEngine>? around = null);

    [ContractFact]
    public async Task of_a_session_one_call_is_erased_and_the_others_go_on()
    {
        await using var node = await StartAsync();
        var people = await People.OfAsync(node);
        var (rows, before, now) = (Path.Combine(node.Data, "rows"), Path.Combine(node.Data, "before"), Path.Combine(node.Data, "now"));
        var erased = await people.SendAsync("s-1", "c-1", word);
        var kept = await people.SendAsync("s-1", "c-2", "kept");
        var other = await people.SendAsync("s-2", "c-1", "other");
        await BackUpAsync(node, before);
        await NoteKeysAsync(node, now);
        await BackUpAsync(node, now);
        await people.EraseAsync("""{"source":"host","session_id":"s-1","tool_call_id":"c-1","reason":"she asked for it"}""");
        var later = await people.SendAsync("s-1", "c-3", "later");

        Assert.DoesNotContain(word, await ReadAsync(node, erased));
        Assert.Contains("kept", await ReadAsync(node, kept));
        Assert.Contains("later", await ReadAsync(node, later));
        Assert.DoesNotContain(word, (await node.GetAsync("/v1/export?format=ndjson&keys=true")).Text);
        var verified = (await OwnVerification.RunAsync(node)).Integrity;
        Assert.Empty(verified.Faults);
        var one = Assert.Single(verified.Erased);
        Assert.Equal(("call|host|s-1|c-1", "notes|host|s-1", "alice", 1L), (one.What, one.Owner, one.AskedBy, one.Rows));

        // The rows of then with the keys of now, which were written anew; and the rows of now with the keys of then.
        await RequireRestoredAsync(node, rows, now, "now", 1);
        await Backup.TakeAsync(node.Options.Store, rows, null, node.Options.OpenRowKeys(false), null, default);
        var without = await RestoreAsync(node, rows, before, "before");
        Assert.Equal(1, Assert.Single(without.Verdict.Integrity.Erased).Rows);
        // Of what came later the old keys have none; the other call of the session opens.
        Assert.Equal(IntegrityFaultKind.ContentClosed, Assert.Single(without.Against).Kind);
        await using (var book = await StoreMeta.OpenBookAsync(
            $"sqlite:{node.Data}/before/journal.db", node.Options.OpenRowKeys(false), default))
        {
            Assert.Contains("kept", Encoding.UTF8.GetString((await book.Opened.ReadRowAsync(kept, default))!.Message));
        }

        // Once more of the same session, and then all of it.
        await people.EraseAsync("""{"source":"host","session_id":"s-1","tool_call_id":"c-3","reason":"so did he"}""");
        Assert.DoesNotContain("later", await ReadAsync(node, later));
        Assert.Contains("kept", await ReadAsync(node, kept));
        await people.EraseAsync("""{"source":"host","session_id":"s-2","reason":"another"}""");
        await node.StopAsync();
        await node.StartAgainAsync();
        Assert.Contains("kept", await ReadAsync(node, kept));
        Assert.DoesNotContain("later", await ReadAsync(node, later));
        Assert.DoesNotContain("other", await ReadAsync(node, other));
        Assert.Empty((await OwnVerification.RunAsync(node)).Integrity.Faults);
    }

    [ContractFact]
    public async Task what_was_found_is_fixed_and_confirmed_by_its_digest()
    {
        await using var node = await StartAsync();
        var people = await People.OfAsync(node);
        var first = await people.SendAsync("s-1", "c-1", word, input: $$"""{"email":"{{word}}@example.org"}""");
        var second = await people.SendAsync("s-2", "c-2", word, input: $$"""{"to":[{"email":"{{word}}@example.org"}]}""");
        var third = await people.SendAsync("s-2", "c-3", "third", agent: "other");
        await people.UntilFoundAsync(word, 2);

        (await people.AskAsync(people.Alice, """{"match":"state:completed","reason":"why"}""")).Problem(422);
        (await people.AskAsync(people.Alice, """{"match":"input.email:nobody OR tool:bash","reason":"why"}""")).Problem(422);
        (await people.AskAsync(people.Alice, """{"match":"input.email:nobody","reason":"why"}""")).Problem(404);
        (await people.AskAsync(people.Alice, """{"match":"input.email:x","agent":"other","reason":"why"}""")).Problem(422);
        var asked = (await people.AskAsync(
            people.Alice, JsonSerializer.Serialize(new { match = $"input.email:{word}@example.org", reason = "art. 17" }))).Require(201).Json;
        Assert.Equal((1, "input.email"), (asked.GetProperty("count").GetInt32(), asked.Text("match")));
        Assert.DoesNotContain(word, asked.ToString());
        var path = $"/v1/erasures/{asked.Text("id")}";
        var shown = (await node.GetAsync(path)).Require(200).Json;
        Assert.Equal("host|s-1|c-1", Assert.Single(shown.GetProperty("calls").EnumerateArray()).GetString());
        Assert.Contains(shown.Text("digest")!, (await people.PostAsync(people.Bob, $"{path}/confirm", "{}")).Problem(409).ToString());
        (await people.PostAsync(people.Bob, $"{path}/confirm", """{"digest":"0000"}""")).Problem(409);

        // What comes between matches too, and is not of the list.
        var late = await people.SendAsync("s-1", "c-4", word, input: $$"""{"email":"{{word}}@example.org"}""");
        var digest = JsonSerializer.Serialize(new { digest = asked.Text("digest") });
        (await people.PostAsync(people.Bob, $"{path}/confirm", digest)).Require(200);
        await people.CarryOutAsync(people.Carol, path, $$"""{"now":true,{{digest[1..]}}""");
        Assert.DoesNotContain(word, await ReadAsync(node, first));
        Assert.Contains(word, await ReadAsync(node, second));
        Assert.Contains(word, await ReadAsync(node, late));
        // Nor does what was looked for stand anywhere in what was written about it.
        Assert.DoesNotContain(word, (await node.GetAsync("/v1/erasures")).Text);
        var act = (await node.GetAsync("/v1/export?format=ndjson&keys=true")).Text.Split('\n').Single(row => row.Contains("erasure.asked"));
        Assert.DoesNotContain(word, act);

        asked = (await people.AskAsync(people.Alice, """{"agent":"other","source":"host","reason":"he left"}""")).Require(201).Json;
        path = $"/v1/erasures/{asked.Text("id")}";
        digest = JsonSerializer.Serialize(new { digest = asked.Text("digest") });
        (await people.PostAsync(people.Bob, $"{path}/confirm", digest)).Require(200);
        await people.CarryOutAsync(people.Carol, path, $$"""{"now":true,{{digest[1..]}}""");
        Assert.DoesNotContain("third", await ReadAsync(node, third));
        Assert.Contains(word, await ReadAsync(node, second));
        Assert.Equal(2, (await OwnVerification.RunAsync(node)).Integrity.Erased.Count);
    }

    [ContractFact]
    public async Task holds_of_every_kind_are_named_by_what_they_refuse()
    {
        await using var node = await StartAsync();
        var people = await People.OfAsync(node);
        await people.SendAsync("s-1", "c-1", "one", agent: "bot", task: "t-1");
        await people.SendAsync("s-1", "c-2", "two");
        foreach (var bad in (string[])["""{"reason":"r"}""", """{"all":true,"agent":"bot","reason":"r"}""",
            """{"session_id":"s-1","reason":"r"}""", """{"source":"host","tool_call_id":"c-1","reason":"r"}""", """{"before":"soon","reason":"r"}"""])
        {
            (await people.PostAsync(people.Alice, "/v1/holds", bad)).Problem(422);
        }

        const string One = """{"source":"host","session_id":"s-1","tool_call_id":"c-1","reason":"why"}""";
        const string Two = """{"source":"host","session_id":"s-1","tool_call_id":"c-2","reason":"why"}""";
        const string All = """{"source":"host","session_id":"s-1","reason":"why"}""";
        foreach (var (hold, holdsTwo) in ((string, bool)[])[
            ("""{"source":"host","session_id":"s-1","tool_call_id":"c-1","reason":"case 1"}""", false),
            ("""{"source":"host","session_id":"s-1","reason":"case 2"}""", true), ("""{"agent":"bot","reason":"case 3"}""", false),
            ("""{"task":"t-1","reason":"case 4"}""", false), ("""{"before":"2025-06-01T00:00:00Z","reason":"case 5"}""", true),
            ("""{"before":"2024-06-01T00:00:00Z","source":"host","reason":"case 6"}""", false)])
        {
            var made = (await people.PostAsync(people.Alice, "/v1/holds", hold)).Require(201).Json;
            var stands = !hold.Contains("case 6");
            foreach (var (order, isHeld) in ((string, bool)[])[(One, stands), (Two, holdsTwo), (All, stands)])
            {
                var answer = await people.AskAsync(people.Alice, order);
                Assert.True(isHeld == (answer.Status == 409), $"{hold} {order}: {answer.Text}");
                Assert.True(!isHeld || answer.Text.Contains(made.Text("id")!), answer.Text);
            }

            var lift = $"/v1/holds/{made.Text("id")}/lift";
            (await people.PostAsync(people.Dora, lift, """{"reason":"over"}""")).Require(200);
            Assert.Equal("lifted", (await people.PostAsync(people.Erin, lift, "{}")).Require(200).Json.Text("state"));
        }

        // Nor while access is open: what was done with it may have to be shown.
        var window = await people.PostAsync(people.Host, "/v1/windows", JsonSerializer.Serialize(
            new { task_id = "t-1", agent = "bot", closes_at = DateTimeOffset.UtcNow.AddMinutes(9), reason = "why", scope = (string[])["bash"] }));
        var id = window.Require(201).Json.Text("window_id")!;
        (await people.PostAsync(people.Alice, $"/v1/windows/{id}/approve", "{}")).Require(201);
        await Patience.UntilAsync(
            async () => (await people.AskAsync(people.Alice, One)).Text.Contains($"The window {id}"), "the open window refuses");
        (await people.AskAsync(people.Alice, Two)).Require(201);
    }

    [ContractFact]
    public async Task a_hold_that_comes_while_it_is_carried_out_wins_or_comes_too_late()
    {
        await using var node = await StartAsync();
        var people = await People.OfAsync(node);
        var rounds = Enumerable.Range(0, 6).Select(round => $"s-{round}").ToList();
        var positions = new List<long>();
        foreach (var session in rounds)
        {
            positions.Add(await people.SendAsync(session, "c-1", $"word-{session}"));
        }

        var held = await Task.WhenAll(rounds.Select(async (session, round) =>
        {
            var asked = (await people.AskAsync(
                people.Alice, JsonSerializer.Serialize(new { source = "host", session_id = session, reason = "why" }))).Require(201).Json;
            var path = $"/v1/erasures/{asked.Text("id")}/confirm";
            (await people.PostAsync(people.Bob, path, "{}")).Require(200);
            (await people.PostAsync(people.Carol, path, """{"now":true}""")).Require(200);
            await Task.Delay(TimeSpan.FromMilliseconds(300 * round));
            return (await people.PostAsync(people.Alice, "/v1/holds", JsonSerializer.Serialize(
                new { source = "host", session_id = session, reason = "a lawsuit" }))).Require(201).Json;
        }));

        await Patience.UntilAsync(
            async () => (await OrdersAsync(node)).All(one => one.Text("state") == "erased" || one.Text("held_up") is not null),
            "each was erased or is held up");
        foreach (var (session, hold, position) in rounds.Zip(held, positions))
        {
            var order = (await OrdersAsync(node)).Single(one => one.Text("session_id") == session);
            var isErased = order.Text("state") == "erased";
            // Who holds learns at once that it was too late, and otherwise the content is there for as long as he holds it.
            Assert.Equal(isErased, hold.Text("held_up") is not null);
            Assert.True(isErased || order.Text("held_up")!.Contains(hold.Text("id")!), order.ToString());
            Assert.NotEqual(isErased, (await ReadAsync(node, position)).Contains($"word-{session}"));
        }

        Assert.Empty((await OwnVerification.RunAsync(node)).Integrity.Faults);
    }

    [ContractFact]
    public async Task keys_that_a_backup_holds_meanwhile_are_pending_until_they_are_gone()
    {
        await using var node = await StartAsync();
        var people = await People.OfAsync(node);
        await people.SendAsync("s-1", "c-1", word);
        var keys = Path.Combine(node.Data, "keys");
        // A backup that has said where its keys go, has read them, and has not written them yet.
        await NoteKeysAsync(node, keys);
        await BackUpAsync(node, keys);
        await using (File.Open(Path.Combine(keys, "backup.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            var asked = await people.AskAsync(people.Alice, """{"source":"host","session_id":"s-1","reason":"why"}""");
            var path = $"/v1/erasures/{asked.Require(201).Json.Text("id")}";
            (await people.PostAsync(people.Bob, $"{path}/confirm", "{}")).Require(200);
            (await people.PostAsync(people.Carol, $"{path}/confirm", """{"now":true}""")).Require(200);
            await Patience.UntilAsync(
                async () => (await node.GetAsync(path)).Json.Text("state") == "erased, key backups pending", "the place is pending");
            Assert.Equal(keys, (await node.GetAsync(path)).Json.Text("pending"));
            // Who says that he wrote there anew says not what: only a node that looked knows.
            await NoteKeysAsync(node, keys);
            (await node.PostAsync("/v1/backups", JsonSerializer.Serialize(
                new { id = "b-1", last_position = 1, rows = 1, to = "/elsewhere", keys }))).Require(201);
            Assert.Equal(keys, (await node.GetAsync(path)).Json.Text("pending"));
        }

        foreach (var bad in (string[])["keys", "/tmp/\0keys", "\n", $"{keys} [of-another]"])
        {
            (await node.PostAsync("/v1/backups", JsonSerializer.Serialize(new { keys = bad }))).Problem(422);
        }

        await Patience.UntilAsync(async () => (await OrdersAsync(node))[0].Text("state") == "erased", "nothing is pending any more");
        await RequireRestoredAsync(node, Path.Combine(node.Data, "rows"), keys, "restored", 1);
    }

    [ContractFact]
    public async Task what_a_restore_that_broke_off_says_was_erased_is_finished()
    {
        IAuditEngine? engine = null;
        await using var node = await StartAsync(one => engine = one);
        var people = await People.OfAsync(node);
        var erased = await people.SendAsync("s-1", "c-1", word);
        await people.SendAsync("s-1", "c-2", word);
        await people.SendAsync("s-2", "c-1", word);
        var keys = Path.Combine(node.Data, "keys");
        await NoteKeysAsync(node, keys);
        await BackUpAsync(node, keys);
        // Of one the backup knows the order, of the other nothing.
        var asked = (await people.AskAsync(people.Alice, """{"source":"host","session_id":"s-2","reason":"why"}""")).Require(201).Json.Text("id")!;
        var acts = new OperatorActs(engine!, TimeProvider.System);
        foreach (var facts in ErasedContent.FactsOf([
            Of("e-1", "call|host|s-1|c-1"), Of("e-1", "call|host|s-1|c-2"), Of(asked, "notes|host|s-2")]))
        {
            await acts.WriteFactsAsync("operator|keeping", ErasedContent.Act, "restore", facts);
        }

        await Patience.UntilAsync(
            async () => await OrdersAsync(node) is { Count: 2 } orders && orders.All(one => one.Text("state") == "erased"),
            "a node has carried both out");
        Assert.DoesNotContain(word, await ReadAsync(node, erased));
        var found = (await node.GetAsync("/v1/erasures/e-1")).Require(200).Json;
        Assert.Equal(("alice", KeepingOrder.DigestOf(["call|host|s-1|c-1", "call|host|s-1|c-2"])), (found.Text("by"), found.Text("digest")));
        await RequireRestoredAsync(node, Path.Combine(node.Data, "rows"), keys, "restored", 3);

        static ErasedContent Of(string id, string what) => new(id, what, "alice", "bob", default, 0);
    }

    [ContractFact]
    public async Task what_another_node_erased_at_the_same_moment_is_written_once()
    {
        await using var node = await StartAsync(engine => new Overtaken(engine));
        var people = await People.OfAsync(node);
        foreach (var session in (string[])["s-1", "s-2", "s-3"])
        {
            await people.SendAsync(session, "c-1", word, agent: "left");
        }

        var asked = (await people.AskAsync(people.Alice, """{"agent":"left","source":"host","reason":"he left"}""")).Require(201).Json;
        var path = $"/v1/erasures/{asked.Text("id")}";
        var digest = JsonSerializer.Serialize(new { digest = asked.Text("digest") });
        (await people.PostAsync(people.Bob, $"{path}/confirm", digest)).Require(200);
        await people.CarryOutAsync(people.Carol, path, $$"""{"now":true,{{digest[1..]}}""");

        var acts = (await node.GetAsync("/v1/export?format=ndjson&keys=true")).Text.Split('\n');
        Assert.Equal(3, acts.Count(row => row.Contains("\"content.erased\"")));
        Assert.Single(acts, row => row.Contains("\"erasure.done\""));
    }

    private protected static async Task<List<JsonElement>> OrdersAsync(TestNode node) =>
        [.. (await node.GetAsync("/v1/erasures")).Require(200).Json.GetProperty("items").EnumerateArray()];

    private static async Task<string> ReadAsync(TestNode node, long position) =>
        (await node.GetAsync($"/v1/events/{position}")).Require(200).Text;

    private protected static Task BackUpAsync(TestNode node, string keys) => Backup.TakeAsync(
        node.Options.Store, Path.Combine(node.Data, "rows"), keys, node.Options.OpenRowKeys(false), null, default);

    private static async Task NoteKeysAsync(TestNode node, string keys) =>
        (await node.PostAsync("/v1/backups", JsonSerializer.Serialize(new { keys }))).Require(201);

    private static async Task RequireRestoredAsync(TestNode node, string rows, string keys, string name, int erased)
    {
        var restored = await RestoreAsync(node, rows, keys, name);
        Assert.Empty(restored.Against);
        Assert.Equal(erased, restored.Verdict.Integrity.Erased.Sum(one => one.Rows));
    }

    private static Task<Restored> RestoreAsync(TestNode node, string rows, string keys, string name) => Restore.RunAsync(
        $"sqlite:{node.Data}/{name}/journal.db", rows, keys, node.Options.OpenRowKeys(false), new VerifyOptions(), null,
        CancellationToken.None);

    /// <summary>A host, and persons none of whom made another's token.</summary>
    internal sealed record People(
        TestNode Node, HttpClient Host, HttpClient Alice, HttpClient Bob, HttpClient Carol, HttpClient Dora, HttpClient Erin)
    {
        public static async Task<People> OfAsync(TestNode node)
        {
            return new People(
                node, await WithAsync("host", "ingest"), await WithAsync("alice", "approve", "read"), await WithAsync("bob", "approve"),
                await WithAsync("carol", "approve"), await WithAsync("dora", "admin"), await WithAsync("erin", "admin"));

            async Task<HttpClient> WithAsync(string name, params string[] roles) => node.ClientWith(await node.TokenAsync(name, roles));
        }

        public async Task<long> SendAsync(
            string session, string call, string output, string? agent = null, string? task = null, string input = """{"a":1}""") =>
            (await PostAsync(
                Host, "/v1/records",
                Records.Item(session, call, Records.Completed(output: output), agent: agent, task: task)
                    .Replace("""_input":{"a":1}""", $"_input\":{input}", StringComparison.Ordinal)))
            .Require(201).Json.GetProperty("position").GetInt64();

        public Task<Answer> AskAsync(HttpClient asker, string order) => PostAsync(asker, "/v1/erasures", order);

        public async Task EraseAsync(string order)
        {
            var path = $"/v1/erasures/{(await AskAsync(Alice, order)).Require(201).Json.Text("id")}";
            (await PostAsync(Bob, $"{path}/confirm", "{}")).Require(200);
            await CarryOutAsync(Carol, path, """{"now":true}""");
        }

        public async Task CarryOutAsync(HttpClient third, string path, string body)
        {
            (await PostAsync(third, $"{path}/confirm", body)).Require(200);
            await Patience.UntilAsync(async () => (await Node.GetAsync(path)).Json.Text("state") == "erased", "it is erased");
        }

        public Task UntilFoundAsync(string searched, int count) => Patience.UntilAsync(
            async () => (await Node.GetAsync($"/v1/search?q={searched}")).Json.GetProperty("items").GetArrayLength() == count,
            $"{count} calls are found");

        /// <summary>As the node asks: again, while its read models or its index do not have the whole book.</summary>
        public async Task<Answer> PostAsync(HttpClient client, string path, string body)
        {
            Answer? answer = null;
            await Patience.UntilAsync(
                async () =>
                {
                    answer = await client.AnswerAsync(
                        HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), "application/json", null);
                    return answer.Status != 503 || !answer.Text.Contains("read-models-away", StringComparison.Ordinal);
                },
                "the read models have the whole book");
            return answer!;
        }
    }
}

public sealed class SqliteCallErasureTests : CallErasureContract
{
    // Takes seconds, for it is shown that it is tried again.
    [Fact]
    public async Task who_reads_for_long_holds_an_erasure_up_and_nobody_who_writes()
    {
        await using var node = await StartAsync();
        var people = await People.OfAsync(node);
        await people.SendAsync("s-1", "c-1", "word");
        await using var reader = new SqliteConnection($"Data Source={node.StoreFile};Mode=ReadOnly;Pooling=False");
        await reader.OpenAsync();
        await using var reading = reader.BeginTransaction(deferred: true);
        await using var read = reader.CreateCommand();
        (read.Transaction, read.CommandText) = (reading, "SELECT count(*) FROM payload_keys");
        await read.ExecuteScalarAsync();
        await people.SendAsync("s-2", "c-1", "more");

        var asked = await people.AskAsync(people.Alice, """{"source":"host","session_id":"s-1","reason":"why"}""");
        var path = $"/v1/erasures/{asked.Require(201).Json.Text("id")}";
        (await people.PostAsync(people.Bob, $"{path}/confirm", "{}")).Require(200);
        (await people.PostAsync(people.Carol, $"{path}/confirm", """{"now":true}""")).Require(200);
        await Patience.UntilAsync(
            async () => (await node.GetAsync(path)).Json.Text("state") == "being carried out", "its key is ended");
        await Task.Delay(TimeSpan.FromSeconds(3));
        await people.SendAsync("s-3", "c-1", "still taken");
        Assert.Equal("being carried out", (await node.GetAsync(path)).Json.Text("state"));
        await reading.RollbackAsync();
        await Patience.UntilAsync(async () => (await node.GetAsync(path)).Json.Text("state") == "erased", "it is erased");
    }

    [Fact]
    public async Task a_place_of_keys_that_hangs_and_one_of_another_machine_are_pending_and_stop_nothing()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using var node = await StartAsync();
        var people = await People.OfAsync(node);
        await people.SendAsync("s-1", "c-1", "word");
        await people.SendAsync("s-2", "c-1", "more");
        var (keys, hanging) = (Path.Combine(node.Data, "keys"), Path.Combine(node.Data, "hanging"));
        var id = KeyBackup.IdOf(keys);
        Assert.Equal(id, KeyBackup.IdOf(keys));
        await BackUpAsync(node, keys);
        Directory.CreateDirectory(hanging);
        var pipe = Path.Combine(hanging, Backup.KeysFile);
        Assert.Equal(0, MakePipe(pipe, 0x180));
        foreach (var place in (object[])[
            new { keys, keys_id = id }, new { keys, keys_id = "of-another-machine" }, new { keys = hanging }])
        {
            (await node.PostAsync("/v1/backups", JsonSerializer.Serialize(place))).Require(201);
        }

        foreach (var session in (string[])["s-1", "s-2"])
        {
            var asked = await people.AskAsync(
                people.Alice, JsonSerializer.Serialize(new { source = "host", session_id = session, reason = "why" }));
            var path = $"/v1/erasures/{asked.Require(201).Json.Text("id")}";
            (await people.PostAsync(people.Bob, $"{path}/confirm", "{}")).Require(200);
            (await people.PostAsync(people.Carol, $"{path}/confirm", """{"now":true}""")).Require(200);
            // The one that answers is reached, at once or, where that took long, when it is looked at again.
            await Patience.UntilAsync(
                async () => (await node.GetAsync(path)).Json is var order && order.Text("state") == "erased, key backups pending"
                    && !order.Text("pending")!.Contains(id),
                "all else is done");
            var pending = (await node.GetAsync(path)).Json.Text("pending")!;
            Assert.Contains(hanging, pending);
            Assert.Contains($"{keys} [of-another-machine]", pending);
        }

        // It answers: whoever waits for it is let go, and finds the keys.
        await using (new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            File.Copy(Path.Combine(keys, Backup.KeysFile), pipe + ".new");
            File.Move(pipe + ".new", pipe, overwrite: true);
        }

        await Patience.UntilAsync(
            async () => (await OrdersAsync(node)).All(one => !one.Text("pending")!.Contains(hanging)), "it is pending no more");
        Assert.All(await OrdersAsync(node), one => Assert.Equal($"{keys} [of-another-machine]", one.Text("pending")));
    }

    [Fact]
    public async Task a_place_is_written_anew_with_the_keys_of_when_it_answers_and_none_takes_its_name()
    {
        IAuditEngine? engine = null;
        await using var node = await StartAsync(one => engine = one);
        var people = await People.OfAsync(node);
        await people.SendAsync("s-1", "c-1", "word");
        var (keys, rowKeys) = (Path.Combine(node.Data, "keys"), node.Options.OpenRowKeys(false));
        var (name, file) = ($"{keys} [{KeyBackup.IdOf(keys)}]", Path.Combine(keys, Backup.KeysFile));
        await BackUpAsync(node, keys);
        var before = await File.ReadAllBytesAsync(file);
        Assert.DoesNotContain("alice", Unpacked(file));
        await using (var store = new SqliteConnection($"Data Source={node.StoreFile};Mode=ReadOnly;Pooling=False"))
        {
            await store.OpenAsync();
            await using var read = store.CreateCommand();
            read.CommandText = "SELECT key_id, wrapped FROM payload_keys WHERE owner = 'notes|host|s-1'";
            await using var found = await read.ExecuteReaderAsync();
            Assert.True(await found.ReadAsync());
            var row = new EndedKey("notes|host|s-1", found.GetString(0), found.GetFieldValue<byte[]>(1));
            // While others may go on with a key that was ended, it is in the store still.
            var ring = KeyRing.Open(rowKeys, row.Owner, row.KeyId, row.Wrapped)!;
            var next = ring.After(ring);
            Assert.False(KeyBackup.TryForget(keys, [], () => [row with { Wrapped = next.Wrap(rowKeys, row.Owner) }], rowKeys));
            Assert.Equal(before, await File.ReadAllBytesAsync(file));
            var asked = 0;
            Assert.True(KeyBackup.TryForget(
                keys, [],
                () =>
                {
                    asked++;
                    Assert.Throws<IOException>(() => File.Open(
                        Path.Combine(keys, "backup.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose());
                    return [row];
                },
                rowKeys));
            Assert.Equal(1, asked);
        }

        // A path that reads like the name of the place, as one could be written down before.
        (await node.PostAsync("/v1/backups", JsonSerializer.Serialize(new { keys, keys_id = KeyBackup.IdOf(keys) }))).Require(201);
        await new OperatorActs(engine!, TimeProvider.System).WriteFactsAsync(
            "operator|keeping", "backup.begun", "somebody", json => json.WriteString("keys", name));
        var order = await people.AskAsync(people.Alice, """{"source":"host","session_id":"s-1","reason":"why"}""");
        var path = $"/v1/erasures/{order.Require(201).Json.Text("id")}";
        (await people.PostAsync(people.Bob, $"{path}/confirm", "{}")).Require(200);
        (await people.PostAsync(people.Carol, $"{path}/confirm", """{"now":true}""")).Require(200);
        await Patience.UntilAsync(
            async () => (await node.GetAsync(path)).Json.Text("state") == "erased, key backups pending", "the other is pending");
        Assert.Equal(name, (await node.GetAsync(path)).Json.Text("pending"));
        await Patience.UntilAsync(
            () => Task.FromResult(Unpacked(file).Contains("alice")), "the place says who erased it");
    }

    private static string Unpacked(string file)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return text.ReadToEnd();
    }

    [DllImport("libc", EntryPoint = "mkfifo", SetLastError = true)]
    private static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    private protected override Task<TestNode> StartAsync(Func<IAuditEngine, IAuditEngine>? around = null) => TestNode.StartAsync(around: around);
}

[NeedsPostgres]
public sealed class PostgresCallErasureTests : CallErasureContract, IAsyncLifetime
{
    private PostgresDatabase? database;

    public async Task InitializeAsync() =>
        database = PostgresServer.Unavailable is null ? await PostgresServer.CreateDatabaseAsync() : null;

    public async Task DisposeAsync() => await (database?.DisposeAsync() ?? ValueTask.CompletedTask);

    private protected override Task<TestNode> StartAsync(Func<IAuditEngine, IAuditEngine>? around = null) =>
        TestNode.StartAsync("postgres:" + database!.ConnectionString, around);
}

/// <summary>Another node writes each erasure of content but the first just before this one does.</summary>
internal sealed class Overtaken(IAuditEngine engine) : IAuditEngine
{
    private int seen;

    public EngineStats Stats => engine.Stats;

    public async Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation)
    {
        if (batch is [OperatorSubmission { Act: "content.erased" } erased] && Interlocked.Increment(ref seen) > 1)
        {
            Assert.Equal(ReceiptStatus.Recorded, (await engine.SubmitAsync([erased], cancellation))[0].Status);
        }

        return await engine.SubmitAsync(batch, cancellation);
    }

    public ValueTask DisposeAsync() => engine.DisposeAsync();
}
