using System.Diagnostics;
using System.Text.Json;

namespace Audit.CommandLine.Tests.Verify;

/// <summary>The log's key need not be in the node.</summary>
public sealed class LogSignerTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly string script;

    public LogSignerTests() => script = directory.File("signer.sh");

    private string Data => directory.File("data");

    private string Command => $"/bin/sh {script}";

    public void Dispose() => directory.Dispose();

    [UnixFact]
    public async Task a_program_signs_and_the_private_key_is_not_in_the_data_directory()
    {
        WriteScript("one.key", "one.pid");
        await using (var node = await StartAsync(Command))
        {
            await SendAsync(node, "s-1", isSealed: true);
            Assert.False(File.Exists(Path.Combine(Data, "log.key")));
            var pid = int.Parse((await File.ReadAllTextAsync(directory.File("one.pid"))).Trim());

            // It fails, with a reason: nothing is sealed, that is heard, and records are taken.
            await File.WriteAllTextAsync(script, $"head -1 {directory.File("one.key.pub")}; while read line; do echo error the card is locked; done\n");
            Process.GetProcessById(pid).Kill();
            await SendAsync(node, "s-2", isSealed: false);
            await UntilAsync(node, "the card is locked");

            // And it comes back.
            WriteScript("one.key", "one.pid");
            await SendAsync(node, "s-3", isSealed: true);
        }

        Assert.Equal(ExitCode.Fine, (await InProcess.RunAsync("verify", "--data", Data, "--store", Store)).ExitCode);
    }

    [UnixFact]
    public async Task a_key_moves_from_the_file_to_a_program_and_no_other_program_signs_for_it()
    {
        await using (var node = await StartAsync())
        {
            await SendAsync(node, "s-1", isSealed: true);
        }

        // A program whose key nothing introduced signs nothing, and the file goes on.
        WriteScript("one.key", "one.pid");
        var old = (await File.ReadAllTextAsync(Path.Combine(Data, "log.key.pub"))).Trim();
        await using (var node = await StartAsync(Command))
        {
            await SendAsync(node, "s-2", isSealed: true);
            Assert.Equal(old, await KeyAsync(node));
            using var client = Client(node);
            using var answer = await client.PostAsync(
                new Uri("/v1/log/rotate-key", UriKind.Relative), new StringContent("""{"reason":"into the card"}""", null, "application/json"));
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
            Assert.Equal((await File.ReadAllTextAsync(directory.File("one.key.pub"))).Trim(), await KeyAsync(node));
            await SendAsync(node, "s-3", isSealed: true);
        }

        Assert.False(File.Exists(Path.Combine(Data, "log.key")));
        var said = await InProcess.RunAsync("verify", "--data", Data, "--store", Store, "--key", old);
        Assert.Equal(ExitCode.Fine, said.ExitCode);
        Assert.Contains("UNPROVEN: no quorum of witnesses", said.Out, StringComparison.Ordinal);

        // Without the program nothing is sealed, and without its key being introduced neither by another one.
        WriteScript("two.key", "two.pid");
        await using (var node = await StartAsync(Command))
        {
            await SendAsync(node, "s-4", isSealed: false);
            await UntilAsync(node, "nothing introduced it");
        }
    }

    [UnixFact]
    public async Task the_signer_that_comes_with_it_signs_nothing_but_what_is_of_its_log()
    {
        using var program = AuditProgram.Start(directory.Path, ["log", "signer", "--log-key", directory.File("k"), "--origin", "example.com/log"]);
        var key = (await program.StandardOutput.ReadLineAsync())!;
        Assert.StartsWith("example.com/log+", key, StringComparison.Ordinal);
        foreach (var (text, isSigned) in ((string, bool)[])[("example.com/log\n1\n", true), ("another text\n", false), ("example.com/log", false)])
        {
            await program.StandardInput.WriteLineAsync(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text)));
            await program.StandardInput.FlushAsync();
            Assert.Equal(isSigned, !(await program.StandardOutput.ReadLineAsync())!.StartsWith("error ", StringComparison.Ordinal));
        }

        program.StandardInput.Close();
        await program.WaitForExitAsync();
        Assert.Equal(ExitCode.Fine, program.ExitCode);
    }

    private string Store => "sqlite:" + directory.File("journal.db");

    private void WriteScript(string key, string pid) => File.WriteAllText(
        script,
        $"echo $$ > {directory.File(pid)}\nexec dotnet {AuditProgram.Location} log signer --log-key {directory.File(key)} --origin example.com/log\n");

    private Task<RunningNode> StartAsync(params string[] signers) => NodeHost.StartAsync(
        new NodeOptions { Store = Store, Data = Data, Urls = "http://127.0.0.1:0", LogOrigin = "example.com/log", LogSigners = signers },
        new NodeSeams { SealInterval = TimeSpan.FromMilliseconds(20), SealPatience = TimeSpan.FromMilliseconds(100), SealedPatience = TimeSpan.FromSeconds(30) },
        CancellationToken.None);

    private static HttpClient Client(RunningNode node)
    {
        var client = new HttpClient { BaseAddress = new Uri(node.Urls[0]) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", File.ReadAllText(node.TokenFile).Trim());
        return client;
    }

    private static async Task SendAsync(RunningNode node, string session, bool isSealed)
    {
        using var client = Client(node);
        using var body = new StringContent(Records.Items(session, 1).First(), null, "application/json");
        using var answer = await client.PostAsync(new Uri($"/v1/records{(isSealed ? "?wait=sealed" : "")}", UriKind.Relative), body);
        var receipt = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, receipt);
        Assert.True(!isSealed || JsonDocument.Parse(receipt).RootElement.GetProperty("sealed").GetBoolean(), receipt);
    }

    private static async Task<string> KeyAsync(RunningNode node)
    {
        using var client = Client(node);
        return JsonDocument.Parse(await client.GetStringAsync(new Uri("/v1/log", UriKind.Relative))).RootElement.GetProperty("key").GetString()!;
    }

    private static async Task UntilAsync(RunningNode node, string reason)
    {
        using var client = Client(node);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!(await client.GetStringAsync(new Uri("/v1/stats", UriKind.Relative), patience.Token)).Contains(reason, StringComparison.Ordinal))
        {
            await Task.Delay(50, patience.Token);
        }
    }
}
