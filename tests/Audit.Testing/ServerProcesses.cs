using System.Diagnostics;
using Npgsql;

namespace Audit.Testing;

/// <summary>The processes of a PostgreSQL server on this machine, to stop them and let them go on.</summary>
public sealed class ServerProcesses
{
    /// <summary>In which Linux tells processor time, whatever its own clock is.</summary>
    private const double TicksPerSecond = 100;

    private readonly int postmaster;

    internal ServerProcesses(int postmaster) => this.postmaster = postmaster;

    /// <param name="server">A connection string of somebody who may read the server's files.</param>
    public static async Task<ServerProcesses> OfAsync(string server)
    {
        var settings = new NpgsqlConnectionStringBuilder(server) { Pooling = false };
        settings.Database ??= "postgres";
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int", connection);
        return new ServerProcesses((int)(await command.ExecuteScalarAsync())!);
    }

    /// <summary>What all of them used so far, and those that ended.</summary>
    public TimeSpan ProcessorTime => TimeSpan.FromSeconds(
        Children().Prepend(postmaster).Sum(Ticks) / TicksPerSecond);

    /// <summary>Sends it to the server and to all that serve its connections.</summary>
    public void Signal(string signal) => Signals.Send(signal, [postmaster, .. Children()]);

    private IEnumerable<int> Children() =>
        File.ReadAllText($"/proc/{postmaster}/task/{postmaster}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);

    /// <summary>Its own, and that of the children that it has waited for.</summary>
    private static long Ticks(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            // The name before may have spaces and brackets in it.
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[11..15].Sum(long.Parse);
        }
        catch (IOException)
        {
            // It ended meanwhile: its parent has its time.
            return 0;
        }
    }
}

public static class Signals
{
    public static void Send(string signal, params IEnumerable<int> processes)
    {
        using var kill = Process.Start("kill", [$"-{signal}", .. processes.Select(id => $"{id}")]);
        kill.WaitForExit();
    }
}
