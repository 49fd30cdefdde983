using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>Reads a whole collection page by page, in pages of about the same weight.</summary>
/// <param name="client">The API.</param>
/// <param name="type">What to list.</param>
/// <param name="json">How one object is read.</param>
/// <param name="options">Which of them, and how large pages are.</param>
internal sealed class ListReader<T>(ApiClient client, ResourceType type, JsonTypeInfo<T> json, InformerOptions options)
    where T : class, IKubernetesObject
{
    /// <summary>Reads all of it.</summary>
    /// <param name="kept">What is kept of an object.</param>
    /// <param name="progress">Called after each page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ApiException">A page can't be had, or what came is no list.</exception>
    public async Task<WholeList<T>> ReadAsync(Func<T, T> kept, Action progress, CancellationToken cancellationToken)
    {
        var items = new List<T>();
        var undecodable = new Dictionary<ObjectKey, string>();
        string? version;
        string? token = null;
        var limit = Math.Min(options.FirstPageSize, options.PageSize);
        do
        {
            var query = new ListQuery
            {
                LabelSelector = options.LabelSelector,
                FieldSelector = options.FieldSelector,
                Limit = limit,
                Continue = token,
            };
            var page = await client.ListAsync(type, options.Namespace, query, json, cancellationToken);
            progress();
            items.AddRange(page.Items.Select(kept));
            limit = NextLimit(limit, page);
            foreach (var item in page.Undecodable)
            {
                undecodable[new ObjectKey(item.Namespace, item.Name)] = item.Message;
            }

            version = page.ResourceVersion;
            token = page.Continue;
        }
        while (token is not null);

        return string.IsNullOrEmpty(version) || items.Exists(item => item.Metadata?.Name is null)
            ? throw ApiException.Undecodable($"The list of {type.QualifiedName}", null)
            : new WholeList<T>(items, undecodable, version);
    }

    /// <summary>
    /// As many objects as weigh what a page shall weigh, by the last one; it may grow to the double only, since the next objects may be
    /// others.
    /// </summary>
    private int NextLimit(int limit, ListPage<T> page)
    {
        var count = page.Items.Count + page.Undecodable.Count;
        return count == 0
            ? limit
            : (int)Math.Clamp(options.PageBytes * (long)count / Math.Max(1, page.Bytes), 1, Math.Min(2L * limit, options.PageSize));
    }
}
