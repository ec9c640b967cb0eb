using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Whoever is given a bundle or an export opens what it is about without the node, and nothing else.</summary>
public sealed class BundleKeyTests(BundleKeyTests.Book book) : IClassFixture<BundleKeyTests.Book>
{
    private TestNode Node => book.Node;

    [Fact]
    public async Task a_bundle_of_a_session_opens_that_session_only()
    {
        var bundle = await FetchAsync(Node.Http, "session=s-1");
        Assert.Equal(["call|admin|s-1|c-1", "call|admin|s-1|c-2", "notes|admin|s-1"], bundle.Keys.Keys.Order());
        var integrity = (await VerifyAsync(bundle)).Integrity;
        Assert.Empty(integrity.Faults);
        Assert.Equal(new OpenedContents(Opened: 5, Compared: 4, WithoutKey: 0, Closed: 0), integrity.Contents);

        // A key opens its own stream alone: not another call of the session, nor that of another.
        var others = await FetchAsync(Node.Http, "session=s-2");
        Assert.Empty(others.Keys.Keys.Intersect(bundle.Keys.Keys));
        foreach (var row in others.Rows)
        {
            Assert.All(bundle.Keys.Values, key => Assert.Null(Open(row, key)));
        }

        var second = bundle.Rows.First(row => row.PersistenceId.EndsWith("c-2"));
        Assert.Null(Open(second, bundle.Keys["call|admin|s-1|c-1"]));
        Assert.Contains("of c-2", Open(second, bundle.Keys[second.PersistenceId]));
    }

    [Fact]
    public async Task a_bundle_of_a_window_opens_its_calls_only()
    {
        var bundle = await FetchAsync(Node.Http, "window=" + book.Window);
        Assert.Equal(["call|admin|s-w|inside", "task-window|" + book.Window], bundle.Keys.Keys.Order());
        var integrity = (await VerifyAsync(bundle)).Integrity;
        Assert.Empty(integrity.Faults);
        Assert.Equal(0, integrity.Contents!.WithoutKey);
    }

    [Fact]
    public async Task a_bundle_of_a_task_has_no_key_of_notes_that_are_of_others_too()
    {
        var bundle = await FetchAsync(Node.Http, "task=t-3");
        Assert.Equal(["call|admin|s-3|own"], bundle.Keys.Keys.Order());
        var integrity = (await VerifyAsync(bundle)).Integrity;
        Assert.Empty(integrity.Faults);
        Assert.Equal(1, integrity.Contents!.WithoutKey);
    }

    [Theory]
    [InlineData("")]
    [InlineData("session=s-3&source=admin")]
    public async Task a_bound_reader_is_given_the_keys_of_calls_that_are_all_his(string what)
    {
        using var reader = await Node.ClientAsync("of-a-" + what.Length, "read", agent: "a");
        var bundle = await FetchAsync(reader, what);
        Assert.Equal(["call|admin|s-3|own"], bundle.Keys.Keys.Order());
        var integrity = (await VerifyAsync(bundle)).Integrity;
        Assert.Empty(integrity.Faults);
        // Of the call that another agent speaks of too he has his message, and no key that would open both.
        Assert.Contains(bundle.Rows, row => row.PersistenceId == "call|admin|s-3|shared");
        Assert.DoesNotContain(bundle.Rows, row => row.PersistenceId == "call|admin|s-3|others");
        using var stranger = await Node.ClientAsync("of-nobody-" + what.Length, "read", agent: "nobody");
        Assert.Empty((await FetchAsync(stranger, "")).Keys);
    }

    [Fact]
    public async Task a_bundle_of_all_opens_all()
    {
        var bundle = await FetchAsync(Node.Http, "");
        var integrity = (await VerifyAsync(bundle)).Integrity;
        Assert.Empty(integrity.Faults);
        Assert.True(integrity.Contents is { WithoutKey: 0, Closed: 0, Opened: > 10, Compared: > 5 });
    }

    [Fact]
    public async Task a_key_that_was_exchanged_or_left_out_is_found()
    {
        var bundle = await FetchAsync(Node.Http, "session=s-1");
        Edit(bundle, text => text.Replace(KeyOf(text, "c-1"), KeyOf(text, "c-2")));
        var fault = Assert.Single((await VerifyAsync(bundle)).Integrity.Faults, fault => fault.Position is not null);
        Assert.Equal(IntegrityFaultKind.ContentDiffers, fault.Kind);
        Assert.Contains("does not open it", fault.Sentence);

        Edit(bundle, text => string.Join('\n', text.Split('\n').Where(line => !line.Contains("|c-1"))));
        var integrity = (await VerifyAsync(bundle)).Integrity;
        Assert.Empty(integrity.Faults);
        Assert.Equal(1, integrity.Contents!.WithoutKey);
        Edit(bundle, _ => "{}\n");
        await Assert.ThrowsAsync<BundleException>(() => VerifyAsync(bundle));

        static string KeyOf(string text, string call) => text.Split('\n').Single(line => line.Contains($"|{call}\"")).Split("\"key\":")[1];
    }

    [Fact]
    public async Task an_export_with_keys_has_each_row_as_it_is_stored_and_what_opens_it()
    {
        var lines = (await Node.GetAsync("/v1/export?session=s-1&keys=true")).Require(200).Lines;
        var call = lines.Single(line => line.Text("stream") == "call|admin|s-1|c-1");
        var row = new JournalRow(
            1, call.Text("stream"), call.GetProperty("sequence").GetInt64(), 0, call.Text("manifest"), call.GetProperty("stored").GetBytesFromBase64());
        using var opened = JsonDocument.Parse(Open(row, call.GetProperty("key").GetBytesFromBase64())!);
        Assert.Equal(call.GetProperty("event").GetProperty("record").GetRawText(), opened.RootElement.GetProperty("record").GetRawText());
        // The notes of a session are one stream, whose key opens what an export of a part does not have.
        Assert.All(lines.Where(line => line.Text("stream").StartsWith("notes|")), line => Assert.False(line.TryGetProperty("key", out _)));
        Assert.All((await Node.GetAsync("/v1/export?session=s-1")).Lines, line => Assert.False(line.TryGetProperty("stored", out _)));

        Assert.Contains("csv has no place", (await Node.GetAsync("/v1/export?format=csv&keys=true")).Problem(400));
        Assert.Contains("true and false", (await Node.GetAsync("/v1/export?keys=yes")).Problem(400));
        using var reader = await Node.ClientAsync("exporter-of-a", "read", agent: "a");
        Assert.Contains("a bundle has the keys", (await reader.GetAnswerAsync("/v1/export?keys=true")).Problem(400));
    }

    /// <summary>With nothing but the words of the bundle's own text.</summary>
    [PythonFact]
    public async Task the_text_in_a_bundle_opens_it_with_other_peoples_tools()
    {
        // Short, for what is compressed asks for one more module.
        var bundle = await FetchAsync(Node.Http, "session=s-4");
        var folder = Path.Combine(Node.Data, "unpacked");
        ZipFile.ExtractToDirectory(bundle.File, folder);
        var text = await File.ReadAllLinesAsync(Path.Combine(folder, "README.txt"));
        var program = text.SkipWhile(line => !line.StartsWith("  import ")).TakeWhile(line => line.StartsWith("  ")).Select(line => line[2..]);
        await File.WriteAllLinesAsync(Path.Combine(folder, "open.py"), program);
        var printed = await PythonFactAttribute.RunAsync(folder, "open.py");
        Assert.Equal("""{"text":"noted here"}""", printed.Trim().Split(' ', 2)[1]);
    }

    private static string? Open(JournalRow row, byte[] key)
    {
        var opened = Payload.Open(row, "record", key, out var isClosed);
        return isClosed ? null : Encoding.UTF8.GetString(opened);
    }

    private async Task<Bundle> FetchAsync(HttpClient client, string what)
    {
        var file = Path.Combine(Node.Data, $"bundle-{Guid.NewGuid():N}.zip");
        await File.WriteAllBytesAsync(file, (await client.GetAnswerAsync("/v1/log/bundle" + (what.Length == 0 ? "" : "?" + what))).Require(200).Bytes);
        var keys = Lines(file, "keys.ndjson").ToDictionary(line => line.Text("persistence_id"), line => line.GetProperty("key").GetBytesFromBase64());
        var rows = Lines(file, "rows.ndjson").Select(line => new JournalRow(
            line.GetProperty("position").GetInt64(), line.Text("persistence_id"), line.GetProperty("sequence_number").GetInt64(), 0,
            line.Text("manifest"), line.GetProperty("message").GetBytesFromBase64()));
        return new Bundle(file, keys, [.. rows.Where(row => Payload.IsIn(row.Message))]);
    }

    private static List<JsonElement> Lines(string file, string name)
    {
        using var bundle = ZipFile.OpenRead(file);
        using var reader = new StreamReader(bundle.GetEntry(name)!.Open(), Encoding.UTF8);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static void Edit(Bundle bundle, Func<string, string> edit)
    {
        using var zip = ZipFile.Open(bundle.File, ZipArchiveMode.Update);
        var entry = zip.GetEntry("keys.ndjson")!;
        string text;
        using (var reader = new StreamReader(entry.Open(), Encoding.UTF8))
        {
            text = edit(reader.ReadToEnd());
        }

        entry.Delete();
        using var writer = new StreamWriter(zip.CreateEntry("keys.ndjson").Open());
        writer.Write(text);
    }

    private Task<VerificationResult> VerifyAsync(Bundle bundle) =>
        LogVerifier.VerifyBundleAsync(bundle.File, new VerifyOptions { TrustedKey = book.Key }, null, CancellationToken.None);

    private sealed record Bundle(string File, Dictionary<string, byte[]> Keys, List<JournalRow> Rows);

    public sealed class Book : IAsyncLifetime
    {
        internal TestNode Node { get; private set; } = null!;

        internal VerifierKey Key { get; private set; } = null!;

        internal string Window { get; private set; } = "";

        public async Task InitializeAsync()
        {
            Node = await TestNode.StartAsync();
            await SayAsync("s-1", "c-1", Records.Completed(output: "of c-1"));
            await SayAsync("s-1", "c-2", Records.Asked("may I, of c-2"));
            await SayAsync("s-1", "c-2", Records.Blocked("no, of c-2"));
            // The same input and result as in another call, and another one.
            await SayAsync("s-1", "c-2", Records.Completed(output: "of c-1"));
            await NoteAsync("s-1", null);
            await SayAsync("s-2", "c-1", Records.Completed(output: "of another session"));
            await SayAsync("s-3", "own", Records.Completed(), "t-3", "a");
            await SayAsync("s-3", "shared", Records.Asked(), agent: "a");
            await SayAsync("s-3", "shared", Records.Completed(), agent: "b");
            await SayAsync("s-3", "others", Records.Completed(), agent: "b");
            await NoteAsync("s-3", "t-3");
            await NoteAsync("s-3", "t-4", second: 6);
            await NoteAsync("s-4", null);
            using var asker = await Node.ClientAsync("asker", "ingest");
            using var approver = await Node.ClientAsync("approver", "approve");
            Window = (await asker.PostAsync(
                "/v1/windows", """{"alias":"w","task_id":"t-w","agent":"w","scope":["*"],"sources":["admin"],"reason":"to look","duration":"2h"}"""))
                .Require(201).Json.Text("window_id");
            (await approver.PostAsync($"/v1/windows/{Window}/approve", "{}")).Require(201);
            var now = DateTime.UtcNow;
            await SayAsync("s-w", "before", Records.Completed(), "t-w", "w", now.AddHours(-3).ToString("O"));
            await SayAsync("s-w", "inside", Records.Completed(), "t-w", "w", now.AddSeconds(1).ToString("O"));
            (await Node.PostAsync("/v1/records?wait=sealed", Records.Item("last", "c", Records.Completed()))).Require(201);
            Key = await new Log.LogClient(Node).KeyAsync();
        }

        public async Task DisposeAsync() => await Node.DisposeAsync();

        private async Task SayAsync(
            string session, string call, string outcome, string? task = null, string? agent = null, string at = "2025-01-02T03:04:05Z")
        {
            var status = (await Node.RecordAsync(Records.Item(session, call, outcome, at, task, agent))).Status;
            Assert.True(status is 201 or 409, $"{status}");
        }

        private async Task NoteAsync(string session, string? task, int second = 5) => (await Node.RecordAsync(
            $$$"""{"session_id":"{{{session}}}","task_id":{{{JsonSerializer.Serialize(task)}}},"note":{"type":"prompt","at":"2025-01-02T03:04:0{{{second}}}Z","detail":{"text":"noted here"}} }"""))
            .Require(201);
    }
}

/// <summary>A fact that needs Python with its module for ciphers, skipped with the reason where they are not.</summary>
public sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute() => Skip = Missing.Value;

    private static readonly Lazy<string?> Missing = new(() =>
    {
        try
        {
            using var python = Process.Start(Command(".", "-c", "import cryptography.hazmat.primitives.ciphers.aead"))!;
            python.StandardOutput.ReadToEnd();
            python.StandardError.ReadToEnd();
            python.WaitForExit();
            return python.ExitCode == 0 ? null : "Python has no module cryptography here.";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "There is no python3 here.";
        }
    });

    public static async Task<string> RunAsync(string folder, string program)
    {
        using var python = Process.Start(Command(folder, program))!;
        var errors = python.StandardError.ReadToEndAsync();
        var printed = await python.StandardOutput.ReadToEndAsync();
        await python.WaitForExitAsync();
        Assert.True(python.ExitCode == 0, await errors);
        return printed;
    }

    private static ProcessStartInfo Command(string folder, params string[] arguments) => new("python3", arguments)
    {
        WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
    };
}
