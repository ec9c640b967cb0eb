using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;
using System.Net.Sockets;

namespace Audit.Node.Hosting;

/// <summary>The web server of a node and what it answers.</summary>
internal static class WebHost
{
    /// <summary>Bodies that are not records.</summary>
    private const long MaxBodyBytes = 32 << 20;

    private const int MaxConnections = 10_000;

    /// <summary>Requests that have not ended by then are cut: what they brought is finished all the same.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2.5);

    /// <param name="addParts">Adds the parts of the node, which outlive the server.</param>
    public static WebApplication Build(NodeOptions options, ILoggerFactory loggers, Action<IServiceCollection> addParts)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            // What a node is given at its start holds until it stops.
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Limit(kestrel);
            Transport.UseCertificate(kestrel, options.Certificate);
        });
        builder.WebHost.UseUrls(
            options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopPatience);
        // Whoever runs the node stops it; it does not listen for signals by itself.
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.AddSingleton(loggers);
        addParts(builder.Services);
        builder.Services.AddApi().AddPages();
        var web = builder.Build();
        Transport.UseProxy(web, options.TrustedProxy);
        web.UseMiddleware<RequestCount>();
        web.UseMiddleware<UnfinishedBodies>();
        web.UsePageHeaders();
        web.UseMiddleware<ProblemMiddleware>();
        web.UseRouting();
        web.UsePageAccess();
        web.UseApiAccess();
        web.MapApi();
        web.MapPages();
        return web;
    }

    /// <exception cref="NodeStartException">An address cannot be used.</exception>
    public static async Task StartAsync(WebApplication web, NodeOptions options)
    {
        try
        {
            await web.StartAsync();
        }
        catch (Exception failure) when (failure
            is IOException or SocketException or FormatException or InvalidOperationException or ArgumentException)
        {
            var sentence = failure.Message.Split('\n', 2)[0].TrimEnd();
            throw new NodeStartException($"The node cannot listen on \"{options.Urls}\": {sentence}", failure);
        }

        // Kestrel's own settings may name other addresses than the options do.
        Transport.RequireProtected(web.Urls, options);
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
    }

    public static void Log(ILoggingBuilder logging, LogRedaction redaction)
    {
        logging.ClearProviders();
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // What keeps a node from starting is reported in one sentence, and not with a stack trace before it.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.Services.AddSingleton(redaction);
        logging.AddConsole(console => console.FormatterName = LogLines.FormatterName);
        logging.AddConsoleFormatter<LogLines, ConsoleFormatterOptions>();
        // Standard output is for the person who starts the node, and for pipes.
        logging.Services.Configure<ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}

/// <summary>A host that neither listens for signals nor prints anything.</summary>
internal sealed class SilentLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
