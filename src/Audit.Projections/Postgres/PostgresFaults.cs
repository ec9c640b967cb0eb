using Audit.Projections.Stores;
using Npgsql;

namespace Audit.Projections.Postgres;

/// <summary>Turns what the driver throws into the sentence that this room promises.</summary>
internal static class PostgresFaults
{
    public static async Task<T> GuardAsync<T>(string place, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException or IOException)
        {
            throw new ReadModelsException($"The read models in PostgreSQL at {place} could not be used: {failure.Message}", failure);
        }
    }
}
