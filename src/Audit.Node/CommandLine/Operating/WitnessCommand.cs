using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Audit.Node.CommandLine.Operating;

/// <summary>
/// `audit witness`: a small process for another machine, team or company, which cosigns the logs that it was given and
/// refuses what is not consistent with what it saw before.
/// </summary>
internal static class WitnessCommand
{
    private const long MostBytes = 64 << 10;

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "witness", "Cosigns the checkpoints of logs that it was given, as long as each continues the last one.");
        var logs = command.AddTexts(
            "--log", "KEY", "the verifier key of a log, given by hand; may be given several times");
        var name = command.AddText("--name", "NAME", "the witness's own name, best a URL without its scheme", true);
        var data = command.AddText("--data", "DIRECTORY", "its key and what it saw, default ./audit-witness");
        var urls = command.AddText("--urls", "URLS", "where to listen, default http://127.0.0.1:5090");
        command.SetAction(async (parsed, cancellation) =>
        {
            var keys = ReadKeys(parsed.GetValue(logs) ?? []);
            var directory = parsed.GetValue(data) ?? "./audit-witness";
            var witness = await OpenAsync(parsed.GetRequiredValue(name), keys, directory);
            await using var web = Build(witness, parsed.GetValue(urls) ?? "http://127.0.0.1:5090");
            await web.StartAsync(cancellation);
            surroundings.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"--witness \"{web.Urls.First()}|{witness.Key}\""));
            surroundings.Out.Flush();
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await web.StopAsync(CancellationToken.None);
            return ExitCode.Fine;
        });
        return command;
    }

    private static async Task<Witness> OpenAsync(string name, List<VerifierKey> logs, string data)
    {
        try
        {
            OwnerOnly.MakeDirectory(data);
            var file = new KeyFile(Path.Combine(data, "witness.key"));
            var signer = (Ed25519Signer)(file.Find() ?? await file.CreateAsync(name));
            return signer.Key.Name == name
                ? new Witness(signer.AsCosigner(), logs, Path.Combine(data, "witness.seen"), TimeProvider.System)
                : throw CommandException.WrongUse(
                    $"--name \"{name}\" is not accepted: the key in {data} is that of {signer.Key.Name}.");
        }
        catch (Exception failure) when (failure
            is NoteFormatException or LogKeyException or IOException or UnauthorizedAccessException)
        {
            throw CommandException.WrongUse($"The witness cannot be started: {failure.Message}");
        }
    }

    private static WebApplication Build(Witness witness, string urls)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(Limit);
        builder.WebHost.UseUrls(urls.Split(';', StringSplitOptions.RemoveEmptyEntries));
        builder.Logging.ClearProviders();
        var web = builder.Build();
        web.MapPost("/add-checkpoint", async (HttpContext context) =>
        {
            using var body = new StreamReader(context.Request.Body);
            var text = await body.ReadToEndAsync(context.RequestAborted);
            var reply = await witness.AddAsync(text, context.RequestAborted);
            context.Response.StatusCode = reply.Status;
            context.Response.ContentType = reply.ContentType;
            await context.Response.WriteAsync(reply.Text, context.RequestAborted);
        });
        return web;
    }

    private static void Limit(KestrelServerOptions server) => server.Limits.MaxRequestBodySize = MostBytes;

    private static List<VerifierKey> ReadKeys(string[] texts)
    {
        try
        {
            return texts.Length > 0
                ? [.. texts.Select(VerifierKey.Parse)]
                : throw CommandException.WrongUse("--log is missing; accepted is the verifier key of a log.");
        }
        catch (NoteFormatException failure)
        {
            throw CommandException.WrongUse($"--log is not accepted: {failure.Message}");
        }
    }
}
